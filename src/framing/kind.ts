/** What a kind of framing is made of. Each kind has a file with an object of this type; framing.ts lists them. */
import type { Parameters } from "./parameter.ts";

export interface Scan {
  /** Offset after the last whole frame found; the `start` given if there was none. */
  readonly end: number;
  /** How many whole frames end at `end`. */
  readonly frames: number;
  /**
   * Bytes that the unfinished frame at `end` will have in all, where its
   * beginning already says so; else 0.
   */
  readonly needed: number;
  /**
   * Set if what stands at `end` can never become a frame: what was found and
   * what was expected. The frames before it are good.
   */
  readonly fault?: string;
}

/**
 * Finds frames in bytes, without cutting, copying or remembering anything: one
 * framer serves all connections of a route and its journal.
 */
export interface FramerOf<F> {
  readonly framing: F;
  /** The largest possible frame in bytes, its delimiter or header included; 1 for raw. */
  readonly maxFrame: number;
  /**
   * Finds the whole frames in `bytes[start, end)`, where `start` is the
   * beginning of a frame. `scanned` (start ≤ scanned ≤ end) is where the last
   * scan of this frame stopped looking, so that a frame that arrives byte by
   * byte is not searched from its beginning each time; pass `start` for bytes
   * never seen.
   */
  scan(bytes: Uint8Array, start: number, scanned: number, end: number): Scan;
}

/** A parameter that others contradict. */
export interface Conflict {
  readonly property: string;
  readonly found: string;
  readonly allowed: string;
  readonly hint: string;
}

export interface FramingKind<F extends { readonly type: string }> {
  readonly type: F["type"];
  readonly parameters: Parameters<F>;
  /** The property that says how many bytes a frame has at most. Absent where every byte is a frame. */
  readonly frameLimit?: string;
  /** What `init config` says of a framing that its name alone describes; absent where settings are needed. */
  readonly nameMeans?: string;
  /** What `init config` shows of a framing with settings. */
  readonly example?: F;
  /** Parameters that follow from others, where they are not given. */
  derived?(framing: F): Partial<F>;
  /** What is wrong with parameters that are each valid and do not go together; undefined if nothing is. */
  conflict?(framing: F): Conflict | undefined;
  /** Throws a `SpillwayError` where the largest frame is less than the smallest one. */
  checkLimit?(framing: F): void;
  /** How many bytes every frame has besides its content. */
  overhead(framing: F): number;
  /** What a frame says, without what marks its beginning and end: a view of its bytes. */
  content(framing: F, frame: Uint8Array): Uint8Array;
  /** The framer for parameters that were checked. */
  framer(framing: F): FramerOf<F>;
}
