/** How the reading of a connection ended, and what it left. */
import type { ReadSpace } from "./read_space.ts";
import type { StuckFrame } from "./unfinished.ts";

/** Bytes that were read and never became a frame: how many, and the first {@link HEAD_BYTES} of them. */
export interface Leftover {
  readonly bytes: number;
  readonly head: Uint8Array;
}

/** How many bytes that are no frame are kept, to be logged. */
export const HEAD_BYTES = 64;

/** How the reading of a connection ended. */
export interface DrainEnd {
  /**
   * `eof`: by the peer's FIN. `fault`: by bytes that are no frame. `stuck`: by
   * `DrainReader.abandon`. `dismissed`: by `DrainReader.dismiss`.
   * `lost`: by any failure of the connection.
   */
  readonly reason: "eof" | "fault" | "stuck" | "dismissed" | "lost";
  readonly leftover: Leftover;
  /** For `fault`, what was found and expected; for `lost`, the error. */
  readonly detail?: string;
  /** For `stuck`. */
  readonly stuck?: StuckFrame;
}

/** What is in `space` and never became a frame. */
export function leftoverOf({ buffer, start, fill }: ReadSpace): Leftover {
  return { bytes: fill - start, head: buffer.bytes.slice(start, Math.min(fill, start + HEAD_BYTES)) };
}
