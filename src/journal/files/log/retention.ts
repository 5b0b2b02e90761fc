/** Which delivered segments may go: a decision from the list and the clock, carried out elsewhere. */
import type { Segment } from "../segment/segment.ts";

export interface RetentionInput {
  /** In ascending order. */
  readonly segments: readonly Segment[];
  /** As it stands on disk: what is unlinked must stay delivered after a crash. */
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
 * Segments wholly below the cursor go, oldest first, unless `rewind` may want
 * them, or they are retained: for `retainMs` from their delivery, and at most
 * `retainBytes` of them (0 = no such limit). The newest segment never goes: its
 * name and end keep sequences from being used again.
 */
export function planRetention(input: RetentionInput): RetentionPlan {
  const { nowMs, retainMs, retainBytes } = input;
  const candidates = beyondRewind(input);
  let retained = 0;
  for (const segment of candidates) {
    segment.deliveredMs ??= nowMs;
    retained += segment.bytes;
  }
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

/** The delivered segments, ascending, without the newest of them that hold the last `rewindBytes`. */
function beyondRewind(input: RetentionInput): Segment[] {
  const { segments, cursor, nowMs } = input;
  const delivered = segments.slice(0, -1).filter((segment) => segment.end <= cursor);
  let keep = input.rewindBytes;
  while (delivered.length > 0 && keep > 0) {
    const segment = delivered.pop()!;
    segment.deliveredMs ??= nowMs;
    keep -= segment.frameBytes;
  }
  return delivered;
}
