/**
 * How a byte stream is cut into frames.
 *
 * A framer is a pure function from bytes to frame boundaries. It reports where
 * the last whole frame in a buffer ends and how many there are; it cuts nothing
 * up, copies nothing and remembers nothing, so one framer serves all
 * connections of a route, and the same one finds boundaries again in what was
 * journaled.
 */

/** The framing of a route as configured. Sizes in bytes. */
export type Framing =
  | { readonly type: "raw" }
  | { readonly type: "line"; readonly delimiter: Uint8Array; readonly maxFrame: number }
  | {
    readonly type: "length-prefix";
    readonly width: 1 | 2 | 4 | 8;
    readonly endian: "big" | "little";
    readonly offset: number;
    readonly includesHeader: boolean;
    readonly maxFrame: number;
  }
  | { readonly type: "octet-count"; readonly maxFrame: number }
  | {
    readonly type: "delimited";
    readonly start: Uint8Array;
    readonly end: Uint8Array;
    /**
     * Byte values that are passed over between two frames of a peer; see between.ts. Absent: none. It has no part in
     * the framing's text, nor in how stored frames are cut.
     */
    readonly between?: Uint8Array;
    readonly maxFrame: number;
  }
  | { readonly type: "fixed"; readonly size: number };

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

export interface Framer {
  readonly framing: Framing;
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
