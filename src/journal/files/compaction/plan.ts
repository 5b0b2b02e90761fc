/**
 * Decides what a compaction does: which segments are removed, which are merged, and
 * which are compressed. Changes no file.
 */
import { beyondRewind } from "../catalog/rewind_point.ts";

/** What the decision depends on, of a segment that is not the newest. */
export interface Candidate {
  readonly base: number;
  /** Sequence after the last frame that counts in it. */
  readonly end: number;
  /** Bytes on disk. */
  readonly fileBytes: number;
  /** Bytes of an uncompressed segment with the frames that count in it: header, records, footer. */
  readonly bytes: number;
  /** Bytes of frames; 0 if they were not counted. */
  readonly frameBytes: number;
  /** Latest time at which its last frame can have arrived, µs since 1970; undefined if unknown. */
  readonly newestUs: number | undefined;
  /** Latest time at which it can have been delivered, µs since 1970; undefined if unknown. */
  readonly deliveredUs: number | undefined;
  readonly compressed: boolean;
  /** True if later segments have a part of its frames: a merge was interrupted, or a sync failed. */
  readonly overlapped: boolean;
  /** True if header and footer are whole, so that nothing more is written to it. */
  readonly sealed: boolean;
  /** The framing text in its header. */
  readonly framing: string | undefined;
}

export interface CompactionPolicy {
  /** Delivered bytes of frames that are kept for a new connection. */
  readonly rewindBytes: number;
  /** How long a segment is kept after its delivery; undefined: age does not matter. */
  readonly retainMs: number | undefined;
  /** How long a segment is kept after its arrival; replaces `retainMs`. */
  readonly olderThanMs: number | undefined;
  /** Limit of all delivered segments in bytes; 0 = no limit. */
  readonly retainBytes: number;
  /** Limit of the whole journal in bytes; undefined = no limit. */
  readonly maxBytes: number | undefined;
  /** Limit of a merged segment, uncompressed, in bytes. */
  readonly segmentBytes: number;
}

export interface CompactionInput<T extends Candidate> {
  /** Ascending, without the newest segment. */
  readonly segments: readonly T[];
  /** The cursor on disk. */
  readonly cursor: number;
  /** Bytes of all segment files, with the newest. */
  readonly journalBytes: number;
  /** Wall clock, µs since 1970. */
  readonly nowUs: number;
  readonly policy: CompactionPolicy;
}

export interface CompactionPlan<T extends Candidate> {
  /** Ascending. */
  readonly remove: readonly T[];
  /** Each group becomes one compressed file; several segments in it are merged. */
  readonly groups: readonly (readonly T[])[];
}

/** Segments up to `segmentBytes` / 4 are small and merged, so that a frame is rewritten a few times at most. */
const SMALL_SHARE = 4;

/** Which segments are removed, and which are rewritten; the others stay as they are. */
export function planCompaction<T extends Candidate>(input: CompactionInput<T>): CompactionPlan<T> {
  const { segments, cursor, policy } = input;
  const undelivered = segments.findIndex(({ end }) => end > cursor);
  const delivered = undelivered === -1 ? segments : segments.slice(0, undelivered);
  const candidates = beyondRewind(delivered, policy.rewindBytes);
  const remove = candidates.slice(0, countRemoved(candidates, input));
  return { remove, groups: groupsOf(candidates.slice(remove.length), policy.segmentBytes) };
}

/** How many of the oldest candidates are removed: no gap is left between those that are kept. */
function countRemoved(candidates: readonly Candidate[], input: CompactionInput<Candidate>): number {
  const { retainBytes, maxBytes = Number.POSITIVE_INFINITY } = input.policy;
  let retained = candidates.reduce((sum, { fileBytes }) => sum + fileBytes, 0);
  let journal = input.journalBytes;
  let count = 0;
  for (const candidate of candidates) {
    const overSize = retainBytes > 0 && retained > retainBytes || journal > maxBytes;
    if (!overSize && !isExpired(candidate, input)) break;
    retained -= candidate.fileBytes;
    journal -= candidate.fileBytes;
    count++;
  }
  return count;
}

/** True if the segment's time is over. A time in the future does not remove anything. */
function isExpired({ newestUs, deliveredUs }: Candidate, { nowUs, policy }: CompactionInput<Candidate>): boolean {
  const { olderThanMs, retainMs } = policy;
  if (olderThanMs !== undefined) return newestUs !== undefined && nowUs - newestUs >= olderThanMs * 1000;
  return retainMs !== undefined && deliveredUs !== undefined && nowUs - deliveredUs >= retainMs * 1000;
}

/** Groups adjacent small segments of one framing, as many as fit; others, unless compressed, are groups of their own. */
export function groupsOf<T extends Candidate>(candidates: readonly T[], segmentBytes: number): T[][] {
  const groups: T[][] = [];
  let open: T[] = [];
  let bytes = 0;
  const close = () => {
    if (open.length > 1 || open.some(({ compressed }) => !compressed)) groups.push(open);
    open = [];
    bytes = 0;
  };
  for (const candidate of candidates) {
    // An interrupted merge is continued, whatever the size of the segment is by now.
    const isSmall = candidate.overlapped || candidate.bytes <= segmentBytes / SMALL_SHARE;
    const fits = isSmall && bytes + candidate.bytes <= segmentBytes && candidate.framing === open[0]?.framing;
    if (!candidate.sealed || !fits) close();
    if (!candidate.sealed) continue;
    open.push(candidate);
    bytes += candidate.bytes;
    if (!isSmall) close();
  }
  close();
  return groups;
}
