/**
 * What has been handed to the target's connection and not yet been confirmed:
 * stretches of frames against positions in the connection's byte stream.
 *
 * The target speaks of bytes alone ("so many are acknowledged"); here these
 * become frames.
 */
import { Deque } from "../base/deque.ts";

export interface FlightPart {
  readonly first: number;
  readonly frames: number;
  readonly bytes: number;
  /** Position in the connection's byte stream after the last byte. */
  readonly position: number;
}

export class Flight {
  #parts = new Deque<FlightPart>();
  #position = 0;

  /** Bytes handed to this connection so far. */
  get position(): number {
    return this.#position;
  }

  push(first: number, frames: number, bytes: number): void {
    this.#position += bytes;
    this.#parts.push({ first, frames, bytes, position: this.#position });
  }

  /** Takes the next part that lies wholly below `position`. */
  take(position: number): FlightPart | undefined {
    const part = this.#parts.first();
    return part !== undefined && part.position <= position ? this.#parts.shift() : undefined;
  }

  /** The oldest part that has not been taken. */
  oldest(): FlightPart | undefined {
    return this.#parts.first();
  }

  /** For a new connection. */
  reset(): void {
    this.#parts.clear();
    this.#position = 0;
  }
}
