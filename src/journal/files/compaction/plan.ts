/**
 * What a compaction does, as a decision from what is known of the segments: which
 * go, which become one, which are compressed. Carried out elsewhere.
 */
import { beyondRewind } from "../catalog/rewind_point.ts";

/** A segment that is not the newest, as far as it matters here. */
export interface Candidate {
  readonly base: number;
  /** Sequence after the last frame that counts in it. */
  readonly end: number;
  /** What it takes on disk. */
  readonly fileBytes: number;
  /** What counts in it takes so much as an original: header, records, footer. */
  readonly bytes: number;
  /** Bytes of frames; 0 where nobody has counted them. */
  readonly frameBytes: number;
  /** When its last frame arrived, at the latest, µs since 1970; undefined if nothing tells. */
  readonly newestUs: number | undefined;
  /** When it was delivered, at the latest, µs since 1970; undefined if nothing tells. */
  readonly deliveredUs: number | undefined;
  readonly compressed: boolean;
  /** Later segments have a part of its frames: a merge was interrupted, or a sync failed once. */
  readonly overlapped: boolean;
  /** Header and footer are whole: nothing more is written to it. */
  readonly sealed: boolean;
  /** As its header says it. */
  readonly framing: string | undefined;
}

export interface CompactionPolicy {
  /** Keep so many delivered bytes of frames for a new connection. */
  readonly rewindBytes: number;
  /** From delivery on; undefined: nothing goes for its age. */
  readonly retainMs: number | undefined;
  /** From arrival on; instead of `retainMs`. */
  readonly olderThanMs: number | undefined;
  /** Delivered segments take at most so much; 0 = no limit. */
  readonly retainBytes: number;
  /** The journal takes at most so much; undefined = no limit. */
  readonly maxBytes: number | undefined;
  /** A merged segment is no larger as an original. */
  readonly segmentBytes: number;
}

export interface CompactionInput<T extends Candidate> {
  /** Ascending, without the newest segment. */
  readonly segments: readonly T[];
  /** On disk. */
  readonly cursor: number;
  /** What all segment files take, the newest among them. */
  readonly journalBytes: number;
  /** Wall clock, µs since 1970. */
  readonly nowUs: number;
  readonly policy: CompactionPolicy;
}

export interface CompactionPlan<T extends Candidate> {
  /** Ascending. */
  readonly remove: readonly T[];
  /** Each becomes one compressed file; of several, one segment. */
  readonly groups: readonly (readonly T[])[];
}

/** Segments up to this share of `segmentBytes` are small: merged, they are rewritten a few times at most. */
const SMALL_SHARE = 4;

/** What goes, and what is rewritten; the rest stays as it is. */
export function planCompaction<T extends Candidate>(input: CompactionInput<T>): CompactionPlan<T> {
  const { segments, cursor, policy } = input;
  const undelivered = segments.findIndex(({ end }) => end > cursor);
  const delivered = undelivered === -1 ? segments : segments.slice(0, undelivered);
  const candidates = beyondRewind(delivered, policy.rewindBytes);
  const remove = candidates.slice(0, countRemoved(candidates, input));
  return { remove, groups: groupsOf(candidates.slice(remove.length), policy.segmentBytes) };
}

/** The oldest go first: what is kept has no hole. */
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

/** A time that lies in the future is no reason to remove anything. */
function isExpired({ newestUs, deliveredUs }: Candidate, { nowUs, policy }: CompactionInput<Candidate>): boolean {
  const { olderThanMs, retainMs } = policy;
  if (olderThanMs !== undefined) return newestUs !== undefined && nowUs - newestUs >= olderThanMs * 1000;
  return retainMs !== undefined && deliveredUs !== undefined && nowUs - deliveredUs >= retainMs * 1000;
}

/** Small neighbours of one framing together, as many as fit; others, as far as they are not compressed, alone. */
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
    // What is left of an interrupted merge is gone on with, whatever its size is by now.
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
