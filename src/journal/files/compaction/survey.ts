/** What a compaction has to know of a journal before it decides. Reads headers and footers, changes nothing. */
import type { FileSystem } from "../../../runtime/files.ts";
import type { Candidate } from "./plan.ts";
import { FOOTER_BYTES, RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES } from "../format/segment.ts";
import { FALLBACK_FRAMER } from "../segment/framer_of.ts";
import { hasRecords } from "../segment/overlap.ts";
import { isCompressed, openSegmentIfThere } from "../segment/segment_files.ts";
import type { SegmentSurvey } from "../segment/survey.ts";
import { surveyJournal } from "../directory/survey_journal.ts";
import { tallyRecords } from "../segment/tally_records.ts";

/** A segment that may be removed or rewritten. */
export interface CompactionSegment extends Candidate {
  readonly survey: SegmentSurvey;
  /** Frames from this sequence on are in a later segment. */
  readonly endBeforeLater: number;
}

export interface JournalFacts {
  /** Ascending, without the newest. */
  readonly segments: readonly CompactionSegment[];
  /** How many there are beside these: the newest; without a cursor, all. */
  readonly newest: number;
  /** What all segment files take. */
  readonly bytes: number;
  /** Undefined if no cursor file says so: then nothing is known to be delivered. */
  readonly cursor: number | undefined;
  /** There is one, and neither of its slots can be read. */
  readonly cursorDamaged: boolean;
}

/** Rejects with a `SpillwayError` for a file of a newer format version. */
export async function surveyForCompaction(files: FileSystem, directory: string): Promise<JournalFacts> {
  const { segments, cursor } = await surveyJournal(files, directory, FALLBACK_FRAMER);
  const bytes = segments.reduce((sum, { fileBytes }) => sum + fileBytes, 0);
  const newest = Math.min(1, segments.length);
  if (cursor.kind !== "valid") {
    const cursorDamaged = cursor.kind === "bad";
    return { segments: [], newest: segments.length, bytes, cursor: undefined, cursorDamaged };
  }
  // What the consumer may not have read is not delivered for good: a new connection is sent it again.
  const position = cursor.state.cursor - cursor.state.unreadFrames;
  const writtenMs = (await files.stat(`${directory}/cursor`))?.modifiedMs;
  const facts: CompactionSegment[] = [];
  let endBeforeLater = Number.POSITIVE_INFINITY;
  /** Of later segments: when one was created, and where the cursor was then. */
  const notes = writtenMs === undefined ? [] : [{ atUs: writtenMs * 1000, cursor: position }];
  for (const [index, survey] of [...segments.entries()].reverse()) {
    const isEmpty = !await hasRecords(files, survey, false);
    if (index < segments.length - 1) {
      facts.push(await factsOf(files, survey, { endBeforeLater, isEmpty, notes, position }));
    }
    if (survey.header !== undefined) notes.push({ atUs: survey.header.createdUs, cursor: survey.header.cursor });
    if (!isEmpty) endBeforeLater = survey.base;
  }
  return { segments: facts.reverse(), newest, bytes, cursor: position, cursorDamaged: false };
}

interface Context {
  readonly endBeforeLater: number;
  readonly isEmpty: boolean;
  readonly notes: readonly { readonly atUs: number; readonly cursor: number }[];
  readonly position: number;
}

async function factsOf(
  files: FileSystem,
  survey: SegmentSurvey,
  { endBeforeLater, isEmpty, notes, position }: Context,
): Promise<CompactionSegment> {
  const { base, footer, header, size, fileBytes, path } = survey;
  const end = isEmpty ? base : Math.min(footer?.end ?? Math.max(base, endBeforeLater), endBeforeLater);
  const passed = notes.filter(({ cursor }) => cursor >= end).map(({ atUs }) => atUs);
  // Without a footer: what was created after it was begun when it was finished.
  const createdAfter = notes.slice(1).at(-1)?.atUs;
  const sealed = header !== undefined && footer !== undefined && !isEmpty;
  const overlapped = sealed && footer.end > endBeforeLater && end <= position;
  return {
    base,
    end,
    fileBytes,
    bytes: overlapped ? await bytesBelow(files, survey, endBeforeLater) : size,
    frameBytes: footer?.bytes ?? 0,
    newestUs: footer !== undefined && footer.records > 0 ? footer.highestUs : createdAfter,
    deliveredUs: passed.length === 0 ? undefined : Math.min(...passed),
    compressed: isCompressed(path),
    overlapped,
    sealed,
    framing: header?.framing,
    survey,
    endBeforeLater,
  };
}

/** What a segment with the records below `endBeforeLater` alone would take. */
async function bytesBelow(files: FileSystem, survey: SegmentSurvey, endBeforeLater: number): Promise<number> {
  const file = await openSegmentIfThere(files, survey.path);
  // The daemon has removed it: nothing will be done with it, whatever its size was.
  if (file === undefined) return survey.size;
  try {
    const { records, bytes } = await tallyRecords(file, survey, false, endBeforeLater);
    return SEGMENT_HEADER_BYTES + records * RECORD_HEADER_BYTES + bytes + FOOTER_BYTES;
  } finally {
    file.close();
  }
}
