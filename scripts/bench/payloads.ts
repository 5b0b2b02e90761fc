/**
 * What the producers send. Each payload is one prepared buffer of whole frames that
 * is sent again and again, so that a frame costs the load generator nothing.
 */
import type { ConfigTable } from "../../test/e2e/rig/config.ts";

export const PAYLOADS = ["lines-512", "lines-64", "frames", "frames-1m", "raw"] as const;

export type Payload = typeof PAYLOADS[number];

/** Bytes and frames, the frames all whole. */
export interface Amount {
  readonly bytes: number;
  readonly frames: number;
}

/** About this much is repeated: far more than one write takes, and larger than a core's cache of the second level. */
const BUFFER_BYTES = 1 << 20;
const PREFIX_BYTES = 4;
const LINE_FEED = 10;

/** The `framing` of a route that carries this payload. */
export function framingOf(payload: Payload): string | ConfigTable {
  switch (payload) {
    case "lines-512":
    case "lines-64":
      return "line";
    case "frames":
    case "frames-1m":
      return { type: "length-prefix", width: PREFIX_BYTES, endian: "big" };
    case "raw":
      return "raw";
  }
}

export class PreparedFrames {
  /** Where each frame of `buffer` ends; the last one ends with the buffer. */
  readonly ends: readonly number[];
  readonly buffer: Uint8Array<ArrayBuffer>;

  constructor(frames: readonly Uint8Array[]) {
    const ends: number[] = [];
    for (const frame of frames) ends.push((ends.at(-1) ?? 0) + frame.length);
    this.ends = ends;
    this.buffer = new Uint8Array(ends.at(-1)!);
    frames.forEach((frame, i) => this.buffer.set(frame, ends[i] - frame.length));
  }

  /** As many whole frames of the repeated buffer as `bytes` has room for, and at least one. */
  whole(bytes: number): Amount {
    const rounds = Math.floor(bytes / this.buffer.length);
    const rest = bytes - rounds * this.buffer.length;
    const inRest = this.ends.findLastIndex((end) => end <= rest) + 1;
    const frames = Math.max(rounds * this.ends.length + inRest, 1);
    return { frames, bytes: this.bytesOf(frames) };
  }

  /** The length of the first `frames` frames of the repeated buffer. */
  bytesOf(frames: number): number {
    const rest = frames % this.ends.length;
    return Math.floor(frames / this.ends.length) * this.buffer.length + (rest === 0 ? 0 : this.ends[rest - 1]);
  }
}

/** Always the same bytes for the same payload. */
export function prepareFrames(payload: Payload): PreparedFrames {
  switch (payload) {
    case "lines-512":
      return new PreparedFrames(repeated(line(512)));
    case "lines-64":
      return new PreparedFrames(repeated(line(64)));
    case "frames":
      return new PreparedFrames(framesOfManySizes());
    case "frames-1m":
      return new PreparedFrames([prefixed(1_000_000)]);
    case "raw":
      // One byte is one frame there; where the buffer is cut makes no difference.
      return new PreparedFrames([letters(BUFFER_BYTES)]);
  }
}

/** What `connections` producers send together, each the same whole frames. */
export function amountOf(frames: PreparedFrames, bytes: number, connections: number): Amount {
  const each = frames.whole(bytes / connections);
  return { bytes: each.bytes * connections, frames: each.frames * connections };
}

function repeated(frame: Uint8Array): Uint8Array[] {
  return Array.from({ length: BUFFER_BYTES / frame.length }, () => frame);
}

/** `size` bytes with the line feed. */
function line(size: number): Uint8Array {
  const bytes = letters(size);
  bytes[size - 1] = LINE_FEED;
  return bytes;
}

/** A payload of `size` bytes with its length before it. */
function prefixed(size: number): Uint8Array {
  const frame = new Uint8Array(PREFIX_BYTES + size);
  frame.set(letters(size), PREFIX_BYTES);
  new DataView(frame.buffer).setUint32(0, size);
  return frame;
}

/** Payloads of 300 to 10,000 bytes, evenly spread, in an order that is the same in every run. */
function framesOfManySizes(): Uint8Array[] {
  const frames: Uint8Array[] = [];
  let random = 14;
  for (let total = 0; total < BUFFER_BYTES;) {
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
    const frame = prefixed(300 + Math.floor(random / 2 ** 32 * 9_701));
    frames.push(frame);
    total += frame.length;
  }
  return frames;
}

function letters(count: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(count).map((_, i) => 97 + i % 26);
}
