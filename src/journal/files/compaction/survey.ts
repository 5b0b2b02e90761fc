/** Gathers what a compaction decides by. Reads headers and footers, and changes nothing. */
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
  /** How many segments are not in `segments`: the newest; without a cursor, all. */
  readonly newest: number;
  /** Bytes of all segment files. */
  readonly bytes: number;
  /** Undefined without a valid cursor file: then nothing is known to be delivered. */
  readonly cursor: number | undefined;
  /** True if there is a cursor file and neither of its slots is valid. */
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
  // Frames that the consumer may not have read may be sent again on a new connection.
  const position = cursor.state.cursor - cursor.state.unreadFrames;
  const writtenMs = (await files.stat(`${directory}/cursor`))?.modifiedMs;
  const facts: CompactionSegment[] = [];
  let endBeforeLater = Number.POSITIVE_INFINITY;
  /** When later segments were created, and the cursor at that time. */
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
  // Without a footer: the segment after it was created when this one was finished.
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

/** Bytes of a segment that has only the records below `endBeforeLater`. */
async function bytesBelow(files: FileSystem, survey: SegmentSurvey, endBeforeLater: number): Promise<number> {
  const file = await openSegmentIfThere(files, survey.path);
  // The daemon has removed it: its size does not matter any more.
  if (file === undefined) return survey.size;
  try {
    const { records, bytes } = await tallyRecords(file, survey, false, endBeforeLater);
    return SEGMENT_HEADER_BYTES + records * RECORD_HEADER_BYTES + bytes + FOOTER_BYTES;
  } finally {
    file.close();
  }
}
