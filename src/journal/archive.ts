/**
 * What a journal promises to commands that read it, beside a running daemon or
 * without one. Nothing is locked and nothing is changed. The implementations,
 * and the one in memory that the tests have, answer to the sentences here.
 *
 * A segment is the unit in which a journal is stored and removed: a file, or a
 * range of a remote stream. Its name is what messages call it.
 */
import type { Framer, Framing } from "../framing/framing.ts";

/** Sequences [from, until). */
export interface Range {
  readonly from: number;
  readonly until: number;
}

/** Which frames; what is left out selects all. Times are those of arrival, in µs since 1970. */
export interface Selection {
  /** Sequences [from, until). */
  readonly from?: number;
  readonly until?: number;
  /** Records that began to arrive in [sinceUs, beforeUs). */
  readonly sinceUs?: number;
  readonly beforeUs?: number;
  /** The largest number of frames. */
  readonly limit?: number;
  /** Only what is not delivered. */
  readonly pending?: boolean;
}

/** What a reading comes across, in sequence order. */
export type ArchiveItem =
  | {
    readonly kind: "frames";
    /** The name of the segment that has it, here as below. */
    readonly segment: string;
    readonly first: number;
    readonly frames: number;
    readonly timeUs: number;
    /** Valid until the next step. */
    readonly bytes: Uint8Array;
    readonly framer: Framer;
  }
  | {
    readonly kind: "damage";
    readonly segment: string;
    /** As the segment is stored, compressed or not. */
    readonly offset: number;
    readonly bytes: number;
    /** The frames in it, where that can be read; otherwise they show as missing before the next record. */
    readonly lost?: Range;
  }
  | { readonly kind: "missing"; readonly segment: string; readonly from: number; readonly until: number }
  /** Delivered by the daemon since the archive was opened, and removed with its segment: no loss. */
  | { readonly kind: "removed"; readonly segment: string; readonly from: number; readonly until: number };

export interface Missing extends Range {
  /** The name of the segment before whose frames they should have come. */
  readonly segment: string;
}

/** What a reading is going to give, found out before it begins. */
export interface ReadPlan {
  readonly frames: number;
  readonly bytes: number;
  /** Segments with something in them that is selected. */
  readonly segments: number;
  /** The first selected frame; undefined if there is none. */
  readonly first: number | undefined;
  /** Sequence after the last selected frame. */
  readonly end: number;
  /** Arrival of the selected records, in µs since 1970; of whole segments where their records were not read. */
  readonly lowestUs: number;
  readonly highestUs: number;
  readonly missing: readonly Missing[];
}

/** `damaged`: `verify` finds something in it. */
export type SegmentState = "open" | "sealed" | "delivered" | "compressed" | "damaged";

/** What a listing says of a segment, without reading its payloads. */
export interface ListedSegment {
  readonly segment: string;
  /** Sequence of its first frame, and the one after its last. */
  readonly base: number;
  readonly end: number;
  readonly frames: number;
  /** Bytes of frames. */
  readonly bytes: number;
  /** Bytes that it takes up. */
  readonly storedBytes: number;
  /** Arrival of the first and last records, µs since 1970; they mean nothing where there are no frames. */
  readonly lowestUs: number;
  readonly highestUs: number;
  readonly state: SegmentState;
}

/** The segments that a command line names: whole journals, single segments, copies of them in other places. */
export interface Archive {
  /** The journals that the segments are from, each by one name whatever the command line calls it, sorted. */
  readonly journals: readonly string[];
  /** How frames are cut, as the oldest segment that says so has it; undefined if none does. */
  readonly framing: Framing | undefined;
  /** Everything below this is delivered: the largest cursor of these journals; 0 if none is known. */
  readonly cursor: number;
  /** Two segments that begin with the same sequence and are no copies of each other: they are of two journals. */
  readonly mixture: readonly [string, string] | undefined;

  /** The segments in sequence order. Rejects with a `SystemError` if one cannot be read. */
  list(): AsyncGenerator<ListedSegment>;

  /**
   * The selected frames in sequence order, each once, and what stood in the way:
   * damage, and frames that are missing without having been declared as delivered
   * from memory. Missing frames may be left out where no segment with selected
   * frames tells of them: those at the end of a selection, or of a selection by
   * time. Checksums are verified.
   */
  read(selection: Selection): AsyncGenerator<ArchiveItem>;

  /**
   * What `read` is going to give, without reading payloads except those that the
   * selection cuts in two. `eachRecord` is told the time of every selected record;
   * with it all of them are looked at.
   */
  plan(selection: Selection, eachRecord?: (timeUs: number) => void): Promise<ReadPlan>;

  /** Frames from `selection.from` on that were delivered and removed before the archive was opened, if any. */
  removed(selection: Selection): Range | undefined;
}

/** What a journal that no daemon answers for has to deliver. */
export interface JournalSummary {
  /** Sequence of the next frame to deliver. */
  readonly cursor: number;
  /** Sequence that the next frame to be received will have. */
  readonly end: number;
  readonly pendingFrames: number;
  readonly pendingBytes: number;
  /** When the oldest pending frame arrived, µs since 1970; undefined where none is pending. */
  readonly oldestUs: number | undefined;
  /** What the journal takes up, in bytes, and in how many segments. */
  readonly journalBytes: number;
  readonly segments: number;
  /** Did the last run stop cleanly? Undefined if there was none. */
  readonly clean: boolean | undefined;
  /** The most bytes that the last run had in memory alone at its end; undefined where nothing says so. */
  readonly atRiskBytes: number | undefined;
}
