/** What the files of a journal say, gathered at opening without changing any of them. */
import type { Framer } from "../framing/framing.ts";
import type { File, FileOpener, FileSystem } from "../runtime/files.ts";
import { type CursorFound, readCursor } from "./cursor.ts";
import {
  decodeFooter,
  decodeSegmentHeader,
  type Footer,
  FOOTER_BYTES,
  type Marks,
  marksOf,
  RECORD_HEADER_BYTES,
  type RecordHeader,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  segmentPreamble,
} from "./format.ts";
import { framerOf } from "./framer_of.ts";
import { newerVersion } from "./newer_version.ts";
import type { LastSegment } from "./recovery.ts";
import { findSalt } from "./search.ts";
import { fileBytesOf, listSegments, openSegmentIfThere, type SegmentFile } from "./segment_files.ts";
import { readSome } from "./tolerant_read.ts";
import { walkRecords } from "./walk.ts";

/** One segment file, judged by its name, header and footer. */
export interface SegmentSurvey {
  readonly base: number;
  readonly path: string;
  /** In bytes, of what the daemon wrote. */
  readonly size: number;
  /** What it takes on disk: less, if it is compressed. */
  readonly fileBytes: number;
  readonly header: SegmentHeader | undefined;
  readonly footer: Footer | undefined;
  /** Undefined if neither header, footer nor any record gives the salt away. */
  readonly marks: Marks | undefined;
  readonly framer: Framer;
}

export interface Survey {
  readonly segments: readonly SegmentSurvey[];
  readonly cursor: CursorFound;
}

/** A compaction that runs meanwhile touches delivered segments alone: at last it is left at what is there. */
const LISTINGS_MAX = 20;

/** Reads header and footer of every segment, and the cursor. A newer format version rejects with a `SpillwayError`. */
export async function surveyJournal(files: FileSystem, directory: string, framer: Framer): Promise<Survey> {
  const cursor = await readCursor(files, `${directory}/cursor`);
  for (let left = LISTINGS_MAX;; left--) {
    const segments = await surveySegments(files, directory, framer, left > 1);
    if (segments !== undefined) return { segments, cursor };
  }
}

/** Undefined if one was gone, when `all` are to be there: what it held may be in another one by now. */
async function surveySegments(
  files: FileSystem,
  directory: string,
  framer: Framer,
  all: boolean,
): Promise<SegmentSurvey[] | undefined> {
  const segments: SegmentSurvey[] = [];
  for (const each of await listSegments(files, directory)) {
    const survey = await surveyIfThere(files, each, framer);
    if (survey !== undefined) segments.push(survey);
    else if (all) return undefined;
  }
  return segments;
}

/** Judges a segment as its file is now; undefined if it is gone since it was listed. */
export async function surveyIfThere(
  files: FileOpener,
  { base, path }: Pick<SegmentFile, "base" | "path">,
  framer: Framer,
): Promise<SegmentSurvey | undefined> {
  const file = await openSegmentIfThere(files, path);
  if (file === undefined) return undefined;
  try {
    return await surveySegment(file, path, base, framer);
  } finally {
    file.close();
  }
}

/** Judges an open segment file by its header and footer. Rejects with a `SpillwayError` if its version is newer. */
export async function surveySegment(file: File, path: string, base: number, framer: Framer): Promise<SegmentSurvey> {
  const size = await file.size();
  const head = await readSome(file, 0, SEGMENT_HEADER_BYTES);
  const preamble = segmentPreamble(head);
  if (preamble.kind === "newer") throw newerVersion(path, preamble.version);
  const decoded = decodeSegmentHeader(head);
  const header = decoded?.base === base ? decoded : undefined;
  const footerOffset = size - FOOTER_BYTES;
  const tail = footerOffset < SEGMENT_HEADER_BYTES ? undefined : await readSome(file, footerOffset, FOOTER_BYTES);
  const footer = tail === undefined ? undefined : decodeFooter(tail, footerOffset);
  const known = footer?.base === base ? footer : undefined;
  const salt = header?.salt ?? known?.salt ?? await findSalt(file, size, base);
  return {
    base,
    path: file.path,
    size,
    fileBytes: await fileBytesOf(file),
    header,
    footer: known,
    marks: salt === undefined ? undefined : marksOf(salt),
    framer: framerOf(header?.framing, framer),
  };
}

/**
 * What a pass over a segment's records adds up to, those included whose payload
 * alone is damaged and that a whole one follows.
 */
export interface RecordTally {
  readonly records: number;
  readonly frames: number;
  /** Bytes of frames. */
  readonly bytes: number;
  readonly lowestUs: number;
  readonly highestUs: number;
  /** Sequence after the last valid record; the base if there is none. */
  readonly end: number;
  /** Where the last valid record ends. */
  readonly offset: number;
  /** The cursor as the newest record has it. */
  readonly cursor: number | undefined;
  readonly tail: LastSegment["tail"];
  /** Is there anything before the last record that is none? */
  readonly damaged: boolean;
  /** Sequence up to which damaged records at the end claim to have gone; `end` if there are none. */
  readonly claimedEnd: number;
}

/** Goes over the records of a segment that begin below `bound`; with `verify`, checks their payloads too. */
export async function tallyRecords(
  file: File,
  segment: SegmentSurvey,
  verify: boolean,
  bound: number = Number.POSITIVE_INFINITY,
): Promise<RecordTally> {
  const tally = {
    records: 0,
    frames: 0,
    bytes: 0,
    lowestUs: Number.POSITIVE_INFINITY,
    highestUs: 0,
    end: segment.base,
    offset: Math.min(segment.size, SEGMENT_HEADER_BYTES),
    cursor: undefined as number | undefined,
    tail: "none" as LastSegment["tail"],
    damaged: false,
    claimedEnd: segment.base,
  };
  if (segment.marks === undefined) {
    return { ...tally, tail: segment.size > SEGMENT_HEADER_BYTES ? "damaged" : "none" };
  }
  const add = ({ frames, length, timeUs }: RecordHeader) => {
    tally.records++;
    tally.frames += frames;
    tally.bytes += length;
    tally.lowestUs = Math.min(tally.lowestUs, timeUs);
    tally.highestUs = Math.max(tally.highestUs, timeUs);
  };
  /** Records with a damaged payload: those that a whole one follows are in the counts, as for the reader. */
  let damaged: RecordHeader[] = [];
  for await (const found of walkRecords(file, { marks: segment.marks, limit: segment.size, verify })) {
    if (found.kind === "record") {
      const { header } = found;
      if (header.first >= bound) break;
      if (header.first < tally.end) continue;
      for (const each of [...damaged, header]) add(each);
      damaged = [];
      tally.end = tally.claimedEnd = Math.min(header.first + header.frames, bound);
      tally.offset = found.offset + RECORD_HEADER_BYTES + header.length;
      tally.cursor = header.cursor;
      tally.damaged ||= tally.tail !== "none";
      tally.tail = "none";
    } else if (found.kind === "damage") {
      tally.tail = "damaged";
      if (found.header === undefined || found.header.first < tally.claimedEnd) continue;
      damaged.push(found.header);
      tally.claimedEnd = found.header.first + found.header.frames;
    } else if (found.kind === "tail") {
      tally.tail = found.torn && tally.tail === "none" ? "torn" : "damaged";
    }
  }
  return tally;
}

/** The footer of a segment that ends with its last valid record; `cursor` where no record has one. */
export function footerOf(base: number, tally: RecordTally, cursor: number): Footer {
  const { records, end, frames, bytes, lowestUs, highestUs, offset } = tally;
  return { records, base, end, frames, bytes, lowestUs, highestUs, cursor: tally.cursor ?? cursor, offset };
}
