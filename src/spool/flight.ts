/**
 * What has been handed to the target's connection and not yet been confirmed:
 * stretches of frames against positions in the connection's byte stream.
 *
 * The target speaks of bytes ("so many are acknowledged") or of frames ("so
 * many are answered"); here both become sequences.
 */
import { Deque } from "../base/deque.ts";

export interface FlightPart {
  /** The first frame of it that is not confirmed. */
  first: number;
  /** Frames and bytes from there on. */
  frames: number;
  bytes: number;
  /** Position in the connection's byte stream after the last byte. */
  readonly position: number;
  /** Offsets after each of the frames that were in it at first, where somebody counts frame by frame. */
  ends: Uint32Array | undefined;
}

/** A stretch of frames that is now confirmed. */
export interface Landed {
  readonly first: number;
  readonly frames: number;
  readonly bytes: number;
}

export class Flight {
  #parts = new Deque<FlightPart>();
  #position = 0;
  #frames = 0;

  /** Bytes handed to this connection so far. */
  get position(): number {
    return this.#position;
  }

  /** Frames handed out and not confirmed. */
  get frames(): number {
    return this.#frames;
  }

  push(first: number, frames: number, bytes: number, ends?: Uint32Array): void {
    this.#position += bytes;
    this.#frames += frames;
    this.#parts.push({ first, frames, bytes, position: this.#position, ends });
  }

  /** Takes the next part that lies wholly below `position`. */
  takeBelow(position: number): Landed | undefined {
    const part = this.#parts.first();
    return part !== undefined && part.position <= position ? this.take(part.frames) : undefined;
  }

  /**
   * Takes the next `frames` frames or as many as the oldest part has. It has to
   * know where its frames end, unless it is taken whole.
   */
  take(frames: number): Landed | undefined {
    const part = this.#parts.first();
    if (part === undefined) return undefined;
    const { first } = part;
    const taken = Math.min(frames, part.frames);
    const bytes = taken === part.frames ? part.bytes : bytesOf(part, taken);
    this.cut(taken, bytes);
    return { first, frames: taken, bytes };
  }

  /** Takes so many frames and bytes off the oldest part. */
  cut(frames: number, bytes: number): void {
    const part = this.#parts.first()!;
    part.first += frames;
    part.frames -= frames;
    part.bytes -= bytes;
    this.#frames -= frames;
    if (part.frames === 0) this.#parts.shift();
  }

  /** The oldest part. */
  oldest(): FlightPart | undefined {
    return this.#parts.first();
  }

  /** All parts, oldest first. */
  *parts(): Generator<FlightPart> {
    for (let i = 0; i < this.#parts.length; i++) yield this.#parts.at(i)!;
  }

  /** For a new connection. */
  reset(): void {
    this.#parts.clear();
    this.#frames = 0;
    this.#position = 0;
  }
}

function bytesOf(part: FlightPart, frames: number): number {
  const { ends } = part;
  if (ends === undefined) throw new Error("frames are confirmed one by one, and nobody knows where they end");
  const gone = ends.length - part.frames;
  return ends[gone + frames - 1] - (gone === 0 ? 0 : ends[gone - 1]);
}
