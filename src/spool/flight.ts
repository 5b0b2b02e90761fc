/**
 * What has been handed to one connection of the target and not yet been
 * confirmed: stretches of frames against positions in the connection's byte
 * stream.
 *
 * The target speaks of bytes ("so many are acknowledged") or of frames ("so
 * many are answered"); here both become sequences.
 */
import { Deque } from "../base/deque.ts";

/** So many frames, and their bytes. */
export interface Extent {
  readonly frames: number;
  readonly bytes: number;
}

export interface FlightPart {
  /** The first frame of it that is not confirmed. */
  first: number;
  /** Frames and bytes from there on. */
  frames: number;
  bytes: number;
  /** When its frames arrived, µs since 1970: the first of them, or of the record that they were read from. */
  readonly arrivedUs: number;
  /** Position in the connection's byte stream after the last byte. */
  readonly position: number;
  /** Offsets after each of the frames that were in it at first, where somebody counts frame by frame. */
  ends: Uint32Array | undefined;
}

/** A stretch of frames that is now confirmed. */
export interface Landed extends Extent {
  readonly first: number;
  /** As in {@link FlightPart}. */
  readonly arrivedUs: number;
  /** Position in the connection's byte stream after the last byte. */
  readonly position: number;
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

  /** Bytes of the parts in flight that lie wholly before `sequence`. */
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

  /** Takes the next part that lies wholly below `position`. */
  takeBelow(position: number): Landed | undefined {
    const part = this.#parts.first();
    return part !== undefined && part.position <= position ? this.#cut(part, part) : undefined;
  }

  /**
   * Takes the next `frames` frames or as many as the oldest part has. It has to
   * know where its frames end, unless it is taken whole.
   */
  take(frames: number): Landed | undefined {
    const part = this.#parts.first();
    if (part === undefined) return undefined;
    if (frames >= part.frames) return this.#cut(part, part);
    return this.#cut(part, { frames, bytes: bytesOf(part, frames) });
  }

  /**
   * Takes frames of the oldest part, of which `extent` says how many bytes they
   * have; call it again for what a part did not have: it may have been split.
   * `extent` is reduced by what was taken.
   */
  takeFront(extent: { frames: number; bytes: number }): Landed | undefined {
    const part = this.#parts.first();
    if (part === undefined || extent.frames === 0) return undefined;
    const landed = this.#cut(part, extent.frames >= part.frames ? part : extent);
    extent.frames -= landed.frames;
    extent.bytes -= landed.bytes;
    return landed;
  }

  /** So many bytes of the oldest part lie before `position`; 0 if none do. */
  reached(position: number): number {
    const part = this.#parts.first();
    return part === undefined ? 0 : Math.max(0, position - (part.position - part.bytes));
  }

  /** The frames of a part, which knows where they end, that end within its first `bytes` bytes. */
  endedWithin(part: FlightPart, bytes: number): { frames: number; bytes: number } {
    let frames = 0;
    while (frames < part.frames && bytesOf(part, frames + 1) <= bytes) frames++;
    return { frames, bytes: frames === 0 ? 0 : bytesOf(part, frames) };
  }

  /** The part that has `sequence` inside, not at its beginning. */
  partAround(sequence: number): FlightPart | undefined {
    for (const part of this.parts()) {
      if (part.first < sequence && sequence < part.first + part.frames) return part;
    }
    return undefined;
  }

  /** Makes two of `part`, the first of so many of its frames, with so many bytes. */
  split(part: FlightPart, frames: number, bytes: number): void {
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

  /** The oldest part. */
  oldest(): FlightPart | undefined {
    return this.#parts.first();
  }

  /** All parts, oldest first. */
  *parts(): Generator<FlightPart> {
    for (let i = 0; i < this.#parts.length; i++) yield this.#parts.at(i)!;
  }

  /** What of it begins in [confirmed, until): what is before is sent again for `rewind`. */
  unconfirmed(confirmed: number, until = Number.POSITIVE_INFINITY): Extent {
    let frames = 0;
    let bytes = 0;
    for (const part of this.parts()) {
      if (part.first < confirmed || part.first >= until) continue;
      frames += part.frames;
      bytes += part.bytes;
    }
    return { frames, bytes };
  }

  /** Nothing is in flight any more. */
  reset(): void {
    this.#parts.clear();
    this.#frames = 0;
  }

  /** Takes so many frames and bytes off the oldest part. */
  #cut(part: FlightPart, { frames, bytes }: Extent): Landed {
    const { first, arrivedUs } = part;
    part.first += frames;
    part.frames -= frames;
    part.bytes -= bytes;
    this.#frames -= frames;
    if (part.frames === 0) this.#parts.shift();
    return { first, frames, bytes, arrivedUs, position: part.position - part.bytes };
  }
}

function bytesOf(part: FlightPart, frames: number): number {
  const { ends } = part;
  if (ends === undefined) throw new Error("frames are confirmed one by one, and nobody knows where they end");
  const gone = ends.length - part.frames;
  return ends[gone + frames - 1] - (gone === 0 ? 0 : ends[gone - 1]);
}
