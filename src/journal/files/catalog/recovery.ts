/**
 * Decides what is done with the files of a journal at opening, without any input
 * or output. `open.ts` gathers the facts and carries the decision out.
 *
 * Only a newer format version refuses to start. No decision removes a frame that
 * could still be delivered.
 */
import type { CursorFound } from "../format/cursor.ts";
import type { SegmentTail } from "../segment/tally_records.ts";

/** The newest segment file. */
export interface LastSegment {
  /** The header; `damaged` also if it is cut short. A newer version was refused before (survey.ts). */
  readonly head: "whole" | "damaged";
  /** Whether it has at least one valid record. */
  readonly records: "none" | "some";
  readonly tail: SegmentTail;
  readonly footer: "whole" | "absent";
}

export interface LastAction {
  /** Move the whole file to `quarantine/`. */
  readonly setAside: boolean;
  /** Copy the tail to `quarantine/` before it is cut off. */
  readonly quarantineTail: boolean;
  /** Cut the file after its last valid record. */
  readonly truncate: boolean;
  /** Write the footer that is missing after an unclean end. */
  readonly seal: boolean;
}

const KEEP: LastAction = { setAside: false, quarantineTail: false, truncate: false, seal: false };

interface Row {
  readonly head: LastSegment["head"];
  readonly records?: LastSegment["records"];
  readonly tail?: LastSegment["tail"];
  readonly footer?: LastSegment["footer"];
  readonly action: LastAction;
}

/** The first row that fits counts; a fact that a row leaves out may have any value. */
const LAST_SEGMENT_TABLE: readonly Row[] = [
  // Nothing can be read from it. Its name still counts: the next sequence is not below its base.
  { head: "damaged", records: "none", action: { ...KEEP, setAside: true } },
  // Its records are found by their magic; `repair` makes a new header.
  { head: "damaged", records: "some", action: KEEP },
  // Sealed: the reader passes over damage inside and quarantines it.
  { head: "whole", footer: "whole", action: KEEP },
  // Created, and the process ended before a record was whole.
  { head: "whole", records: "none", tail: "none", action: KEEP },
  { head: "whole", records: "none", tail: "torn", action: { ...KEEP, truncate: true } },
  { head: "whole", records: "none", tail: "damaged", action: { ...KEEP, quarantineTail: true, truncate: true } },
  // The process ended while it was writing here.
  { head: "whole", records: "some", tail: "none", action: { ...KEEP, seal: true } },
  { head: "whole", records: "some", tail: "torn", action: { ...KEEP, truncate: true, seal: true } },
  {
    head: "whole",
    records: "some",
    tail: "damaged",
    action: { ...KEEP, quarantineTail: true, truncate: true, seal: true },
  },
];

/** The action of the first row that fits. */
export function decideLast(last: LastSegment): LastAction {
  const row = LAST_SEGMENT_TABLE.find((row) =>
    row.head === last.head &&
    (row.records ?? last.records) === last.records &&
    (row.tail ?? last.tail) === last.tail &&
    (row.footer ?? last.footer) === last.footer
  );
  if (row === undefined) throw new Error(`no row for ${JSON.stringify(last)}`);
  return row.action;
}

export interface CursorInput {
  readonly found: CursorFound;
  /** The cursor in the newest readable record, footer or header; undefined if there is none. */
  readonly newestNoted: number | undefined;
  /** Base of the oldest segment with frames; undefined if there is none. */
  readonly oldestBase: number | undefined;
}

export interface CursorDecision {
  readonly cursor: number;
  readonly from: "slot" | "newest record" | "oldest segment" | "nothing";
}

/** Where delivery goes on. The cursor may be after the last frame; it is not below the oldest segment. */
export function decideCursor({ found, newestNoted, oldestBase }: CursorInput): CursorDecision {
  const oldest = oldestBase ?? 0;
  if (found.kind === "valid") return { cursor: Math.max(found.state.cursor, oldest), from: "slot" };
  if (newestNoted !== undefined) return { cursor: Math.max(newestNoted, oldest), from: "newest record" };
  if (oldestBase !== undefined) return { cursor: oldestBase, from: "oldest segment" };
  return { cursor: 0, from: "nothing" };
}
