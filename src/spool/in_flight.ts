/**
 * What one connection to the consumer has been handed and has not confirmed:
 * parts of consecutive frames, each with its position in the connection's byte
 * stream. A confirmation names bytes or a number of frames; here both become
 * sequences.
 */
import { Deque } from "../base/deque.ts";
import type { Tally } from "../base/ledger.ts";

export interface InFlightPart {
  /** The first frame of it that is not confirmed. */
  first: number;
  /** Frames and bytes from there on. */
  frames: number;
  bytes: number;
  /** When its frames arrived, µs since 1970: the first of them, or of the record that they were read from. */
  readonly arrivedUs: number;
  /** Position in the connection's byte stream after the last byte. */
  readonly position: number;
  /** Offsets after each of the frames that were in it at first; undefined where only bytes are counted. */
  ends: Uint32Array | undefined;
}

/** Frames of one part that are now confirmed. */
export interface ConfirmedPart extends Readonly<Tally> {
  readonly first: number;
  /** As in {@link InFlightPart}. */
  readonly arrivedUs: number;
  /** Position in the connection's byte stream after the last byte. */
  readonly position: number;
}

export class InFlight {
  #parts = new Deque<InFlightPart>();
  /** Bytes handed to this connection so far. */
  #position = 0;
  #frames = 0;

  /** Frames handed out and not confirmed. */
  get frames(): number {
    return this.#frames;
  }

  /** Bytes of the parts that lie wholly before `sequence`. */
  bytesBelow(sequence: number): number {
    let sum = 0;
    for (const { first, frames, bytes } of this.parts()) if (first + frames <= sequence) sum += bytes;
    return sum;
  }

  push(first: number, frames: number, bytes: number, arrivedUs: number, ends?: Uint32Array): void {
    this.#position += bytes;
    this.#frames += frames;
    this.#parts.push({ first, frames, bytes, arrivedUs, position: this.#position, ends });
  }

  /** Takes the oldest part if it lies wholly below `position`. */
  takeBelow(position: number): ConfirmedPart | undefined {
    const part = this.#parts.first();
    return part !== undefined && part.position <= position ? this.#cut(part, part) : undefined;
  }

  /**
   * Takes the next `frames` frames, or as many as the oldest part has. The part
   * has to know where its frames end, unless it is taken whole.
   */
  take(frames: number): ConfirmedPart | undefined {
    const part = this.#parts.first();
    if (part === undefined) return undefined;
    if (frames >= part.frames) return this.#cut(part, part);
    return this.#cut(part, { frames, bytes: bytesOf(part, frames) });
  }

  /**
   * Takes `count.frames` frames, which have `count.bytes` bytes, from the front;
   * at most one part at a time, since the frames may have been split into several.
   * `count` is reduced by what was taken; undefined when nothing is left to take.
   */
  takeFront(count: Tally): ConfirmedPart | undefined {
    const part = this.#parts.first();
    if (part === undefined || count.frames === 0) return undefined;
    const taken = this.#cut(part, count.frames >= part.frames ? part : count);
    count.frames -= taken.frames;
    count.bytes -= taken.bytes;
    return taken;
  }

  /** How many bytes of the oldest part lie before `position`. */
  oldestBytesBelow(position: number): number {
    const part = this.#parts.first();
    return part === undefined ? 0 : Math.max(0, position - (part.position - part.bytes));
  }

  /** The part that `sequence` divides; undefined if it is no part's frame, or the first one of a part. */
  partAround(sequence: number): InFlightPart | undefined {
    for (const part of this.parts()) {
      if (part.first < sequence && sequence < part.first + part.frames) return part;
    }
    return undefined;
  }

  /** Makes two of `part`, the first one with `frames` of its frames, which have `bytes` bytes. */
  split(part: InFlightPart, { frames, bytes }: Readonly<Tally>): void {
    const { first, ends, arrivedUs, position } = part;
    const known = ends === undefined ? 0 : ends.length - part.frames + frames;
    const front = {
      first,
      frames,
      bytes,
      arrivedUs,
      position: position - part.bytes + bytes,
      ends: ends?.slice(0, known),
    };
    const rest = {
      ...part,
      first: first + frames,
      frames: part.frames - frames,
      bytes: part.bytes - bytes,
      ends: ends?.slice(known).map((end) => end - ends[known - 1]),
    };
    const parts = [...this.parts()].flatMap((each) => each === part ? [front, rest] : [each]);
    this.#parts.clear();
    for (const each of parts) this.#parts.push(each);
  }

  oldest(): InFlightPart | undefined {
    return this.#parts.first();
  }

  /** All parts, oldest first. */
  *parts(): Generator<InFlightPart> {
    for (let i = 0; i < this.#parts.length; i++) yield this.#parts.at(i)!;
  }

  /** Frames and bytes of the parts that begin in [from, until). */
  between(from: number, until = Number.POSITIVE_INFINITY): Readonly<Tally> {
    let frames = 0;
    let bytes = 0;
    for (const part of this.parts()) {
      if (part.first < from || part.first >= until) continue;
      frames += part.frames;
      bytes += part.bytes;
    }
    return { frames, bytes };
  }

  /** Nothing is in flight any more. */
  clear(): void {
    this.#parts.clear();
    this.#frames = 0;
  }

  /** Takes frames off the front of the oldest part. */
  #cut(part: InFlightPart, { frames, bytes }: Readonly<Tally>): ConfirmedPart {
    const { first, arrivedUs } = part;
    part.first += frames;
    part.frames -= frames;
    part.bytes -= bytes;
    this.#frames -= frames;
    if (part.frames === 0) this.#parts.shift();
    return { first, frames, bytes, arrivedUs, position: part.position - part.bytes };
  }
}

/** The frames of a part, which knows where they end, that end within its first `bytes` bytes. */
export function framesWithin(part: InFlightPart, bytes: number): Tally {
  let frames = 0;
  while (frames < part.frames && bytesOf(part, frames + 1) <= bytes) frames++;
  return { frames, bytes: frames === 0 ? 0 : bytesOf(part, frames) };
}

/** Bytes of the next `frames` frames of a part. */
function bytesOf({ ends, frames: left }: InFlightPart, frames: number): number {
  if (ends === undefined) throw new Error("frames are confirmed one by one, and it is not known where they end");
  const gone = ends.length - left;
  return ends[gone + frames - 1] - (gone === 0 ? 0 : ends[gone - 1]);
}
