/** Decides from the list of segments and the clock which delivered ones are unlinked; changes no file. */
import { beyondRewind } from "../catalog/rewind_point.ts";
import type { Segment } from "../segment/segment.ts";

export interface RetentionInput {
  /** In ascending order. */
  readonly segments: readonly Segment[];
  /** The cursor on disk: after a crash everything that was unlinked must still count as delivered. */
  readonly cursor: number;
  /** Delivered bytes of frames to keep behind the cursor. */
  readonly rewindBytes: number;
  readonly retainMs: number;
  readonly retainBytes: number;
  /** On the monotonic clock. */
  readonly nowMs: number;
}

export interface RetentionPlan {
  readonly unlink: readonly Segment[];
  /** When the next retained segment's time is over; undefined if none waits for that. */
  readonly nextMs: number | undefined;
}

/**
 * Segments wholly below the cursor are unlinked, oldest first, unless they are kept
 * for `rewind`, or retained: for `retainMs` from their delivery, and at most
 * `retainBytes` bytes of them (0 = no such limit). The newest segment is never
 * unlinked: its name and end keep sequences from being used again.
 */
export function planRetention(input: RetentionInput): RetentionPlan {
  const { segments, cursor, nowMs, retainMs, retainBytes, rewindBytes } = input;
  const delivered = segments.slice(0, -1).filter((segment) => segment.end <= cursor);
  for (const segment of delivered) segment.deliveredMs ??= nowMs;
  const candidates = beyondRewind(delivered, rewindBytes);
  let retained = candidates.reduce((sum, { bytes }) => sum + bytes, 0);
  const unlink: Segment[] = [];
  for (const segment of candidates) {
    const expiresMs = segment.deliveredMs! + retainMs;
    const overSize = retainBytes > 0 && retained > retainBytes;
    if (nowMs < expiresMs && !overSize) return { unlink, nextMs: expiresMs };
    unlink.push(segment);
    retained -= segment.bytes;
  }
  return { unlink, nextMs: undefined };
}
