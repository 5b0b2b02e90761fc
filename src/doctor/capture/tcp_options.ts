/** The window scale option of a SYN (RFC 7323, 2.2), among the options of a TCP header (RFC 9293, 3.1). */
import { NO_SCALE, SCALE_CUT_OFF } from "./segment.ts";

const END_OF_LIST = 0;
const NO_OPERATION = 1;
const WINDOW_SCALE = 3;
const WINDOW_SCALE_BYTES = 3;
/** A larger one counts as this (RFC 7323, 2.3). */
const SCALE_MAX = 14;

/** The options stand in `bytes` from `at` to `until`; only what is before `end` was captured. */
export function windowScale(bytes: Uint8Array, at: number, until: number, end: number): number {
  while (at < until) {
    if (at >= end) return SCALE_CUT_OFF;
    const kind = bytes[at];
    if (kind === END_OF_LIST) return NO_SCALE;
    if (kind === NO_OPERATION) {
      at++;
      continue;
    }
    if (at + 1 >= until) return NO_SCALE;
    if (at + 1 >= end) return SCALE_CUT_OFF;
    const length = bytes[at + 1];
    if (kind === WINDOW_SCALE && length === WINDOW_SCALE_BYTES && at + 2 < until) {
      return at + 2 < end ? Math.min(bytes[at + 2], SCALE_MAX) : SCALE_CUT_OFF;
    }
    if (length < 2) return NO_SCALE; // nobody can tell where the next one begins
    at += length;
  }
  return NO_SCALE;
}
