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
import { walkInOrder } from "./ordered_walk.ts";
import type { LastSegment } from "./recovery.ts";
import { findSalt } from "./search.ts";
import { fileBytesOf, listSegments, openSegmentIfThere, type SegmentFile } from "./segment_files.ts";
import { readSome } from "./tolerant_read.ts";
import type { Found } from "./walk.ts";

/** One segment file, judged by its name, header and footer. */
export interface SegmentSurvey {
  readonly base: number;
  readonly path: string;
  /** In bytes, of what the daemon wrote. */
  readonly size: number;
  /** What it takes on disk: less, if it is compressed. */
  readonly fileBytes: number;
  /** Its records are looked for from here on: behind the header, or where that is lost, anywhere. */
  readonly start: number;
  readonly header: SegmentHeader | undefined;
  readonly footer: Footer | undefined;
  /** Undefined if neither header, footer nor any record gives the salt away. */
  readonly marks: Marks | undefined;
  readonly framer: Framer;
}

export interface Survey {
  readonly segments: readonly SegmentSurvey[];
  /** Files with a segment's name that cannot be one: nothing is known of them, and they say nothing of the journal. */
  readonly misnamed: readonly SegmentSurvey[];
  readonly cursor: CursorFound;
}

/** A compaction that runs meanwhile touches delivered segments alone: at last it is left at what is there. */
const LISTINGS_MAX = 20;

/** Reads header and footer of every segment, and the cursor. A newer format version rejects with a `SpillwayError`. */
export async function surveyJournal(files: FileSystem, directory: string, framer: Framer): Promise<Survey> {
  const cursor = await readCursor(files, `${directory}/cursor`);
  for (let left = LISTINGS_MAX;; left--) {
    const segments = await surveySegments(files, directory, framer, left > 1);
    if (segments === undefined) continue;
    const misnamed = segments.filter(isMisnamed);
    return { segments: segments.filter((segment) => !isMisnamed(segment)), misnamed, cursor };
  }
}

/**
 * A name alone is believed up to here. At 1 GB/s of single bytes a journal comes
 * to it after a hundred days without an end; what remains above it are 2^48.
 */
const BASE_MAX = 2 ** 53 - 2 ** 48;

/** Can no writer have given it its name, and is nothing in it that says otherwise? Then it is damage, not the journal's end. */
export function isMisnamed({ base, marks }: Pick<SegmentSurvey, "base" | "marks">): boolean {
  return marks === undefined && base > BASE_MAX;
}

/**
 * Sequence after the frames that a segment of which nothing can be read may have had, where the next one that stays
 * begins at `next`: none, if it was no more than a header.
 */
export function unreadableEnd({ base, size }: Pick<SegmentSurvey, "base" | "size">, next: number): number {
  return size <= SEGMENT_HEADER_BYTES ? base : next;
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
    start: startOf(header),
    header,
    footer: known,
    marks: salt === undefined ? undefined : marksOf(salt),
    framer: framerOf(header?.framing, framer),
  };
}

/** Where the records of a segment with this header begin. A file that has lost bytes of its header has moved together. */
function startOf(header: SegmentHeader | undefined): number {
  return header === undefined ? 0 : SEGMENT_HEADER_BYTES;
}

/**
 * What a pass over a segment's records adds up to, each once, those included
 * that are damaged behind their header and that a whole one follows.
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
  /** Where the last valid record of the file ends. */
  readonly offset: number;
  /** The cursor as the newest record has it. */
  readonly cursor: number | undefined;
  readonly tail: LastSegment["tail"];
  /** Is there anything before the last record that is none? */
  readonly damaged: boolean;
  /** Damaged records at the end of the file, which would be cut off with it; ascending by sequence. */
  readonly lost: readonly RecordHeader[];
  /** Sequence up to which these claim to have gone; `end` if there are none. */
  readonly claimedEnd: number;
}

/** Goes over the records of a segment that begin below `bound`; with `verify`, checks their payloads too. */
export async function tallyRecords(
  file: File,
  segment: SegmentSurvey,
  verify: boolean,
  bound: number = Number.POSITIVE_INFINITY,
): Promise<RecordTally> {
  const { marks, base, size, start } = segment;
  const sum = new Sum(segment);
  if (marks !== undefined) {
    for await (const found of walkInOrder(file, { marks, base, from: start, limit: size, verify })) {
      if (found.kind === "record" && found.header.first >= bound) break;
      sum.add(found);
    }
  }
  const damaged = marks === undefined && size > SEGMENT_HEADER_BYTES;
  return damaged ? { ...sum.tally(bound), tail: "damaged" } : sum.tally(bound);
}

class Sum {
  #end: number;
  #offset: number;
  #cursor: number | undefined;
  /** What is none of the records that count, where it begins. */
  #damages: { readonly offset: number; readonly header: RecordHeader | undefined }[] = [];
  #tail: { readonly offset: number; readonly torn: boolean } | undefined;
  readonly #count = { records: 0, frames: 0, bytes: 0, lowestUs: Number.POSITIVE_INFINITY, highestUs: 0 };

  constructor({ base, size, start }: SegmentSurvey) {
    this.#end = base;
    this.#offset = Math.min(size, start);
  }

  add(found: Found): void {
    if (found.kind === "tail") this.#tail = found;
    else if (found.kind === "damage") this.#damages.push({ offset: found.offset, header: found.header });
    else if (found.kind === "record") {
      const { first, frames, length, cursor } = found.header;
      this.#add(found.header);
      this.#end = first + frames;
      this.#cursor = cursor;
      this.#offset = Math.max(this.#offset, found.offset + RECORD_HEADER_BYTES + length);
    }
  }

  #add({ frames, length, timeUs }: RecordHeader): void {
    const count = this.#count;
    count.records++;
    count.frames += frames;
    count.bytes += length;
    count.lowestUs = Math.min(count.lowestUs, timeUs);
    count.highestUs = Math.max(count.highestUs, timeUs);
  }

  /** What is damaged and stays in the file, for a whole record comes after it, is the reader's to report. */
  tally(bound: number): RecordTally {
    const offset = this.#offset;
    const lost: RecordHeader[] = [];
    let end = this.#end;
    for (const { offset: at, header } of this.#damages) {
      if (header === undefined || header.first >= bound) continue;
      if (at >= offset) {
        lost.push(header);
      } else {
        this.#add(header);
        end = Math.max(end, header.first + header.frames);
      }
    }
    const claimedEnd = lost.reduce((most, { first, frames }) => Math.max(most, first + frames), end);
    const isDamagedBehind = this.#damages.some((damage) => damage.offset >= offset);
    const tail = isDamagedBehind ? "damaged" : this.#tail === undefined ? "none" : this.#tail.torn ? "torn" : "damaged";
    return {
      ...this.#count,
      end: Math.min(end, bound),
      offset,
      cursor: this.#cursor,
      tail,
      damaged: this.#damages.some((damage) => damage.offset < offset),
      lost,
      claimedEnd: Math.min(claimedEnd, bound),
    };
  }
}

/** The footer of a segment that ends with its last valid record; `cursor` where no record has one. */
export function footerOf(base: number, tally: RecordTally, cursor: number): Footer {
  const { records, end, frames, bytes, lowestUs, highestUs, offset } = tally;
  return { records, base, end, frames, bytes, lowestUs, highestUs, cursor: tally.cursor ?? cursor, offset };
}
