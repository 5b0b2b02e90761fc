/** Judges a segment file by its name, header and footer. */
import type { Framer } from "../../../framing/framing.ts";
import type { File, FileOpener } from "../../../runtime/files.ts";
import {
  decodeFooter,
  decodeSegmentHeader,
  type Footer,
  FOOTER_BYTES,
  type Marks,
  marksOf,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  segmentPreamble,
} from "../format/segment.ts";
import { framerOf } from "./framer_of.ts";
import { newerVersion } from "../format/preamble.ts";
import { findSalt } from "./find_record.ts";
import { fileBytesOf, openSegmentIfThere, type SegmentFile } from "./segment_files.ts";
import { readSome } from "./tolerant_read.ts";

/** What name, header and footer of a segment file say. */
export interface SegmentSurvey {
  readonly base: number;
  readonly path: string;
  /** Bytes of the file as the daemon wrote it. */
  readonly size: number;
  /** Bytes on disk, which are fewer if it is compressed. */
  readonly fileBytes: number;
  /** Offset from which records are searched: behind the header, or 0 if that is damaged. */
  readonly start: number;
  readonly header: SegmentHeader | undefined;
  readonly footer: Footer | undefined;
  /** Undefined if neither header, footer nor a record has a readable salt. */
  readonly marks: Marks | undefined;
  readonly framer: Framer;
}

/**
 * The largest base that counts by the name alone. A journal reaches it after a
 * hundred days at 1 GB/s of frames of one byte; above it are 2^48 sequences.
 */
const BASE_MAX = 2 ** 53 - 2 ** 48;

/** True if no writer can have given the file its name and nothing in it can be read: it is damage, not the journal's end. */
export function isMisnamed({ base, marks }: Pick<SegmentSurvey, "base" | "marks">): boolean {
  return marks === undefined && base > BASE_MAX;
}

/**
 * Sequence after the frames that a segment may have had of which nothing can be
 * read: its base if it is no longer than a header, else `next`, where the next
 * segment that stays begins.
 */
export function unreadableEnd({ base, size }: Pick<SegmentSurvey, "base" | "size">, next: number): number {
  return size <= SEGMENT_HEADER_BYTES ? base : next;
}

/** Surveys a segment file as it is now; undefined if it was removed since it was listed. */
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

/** Surveys an open segment file. Rejects with a `SpillwayError` if its version is newer. */
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

/** Offset from which records are searched. If bytes of the header are missing, the records have moved towards 0. */
function startOf(header: SegmentHeader | undefined): number {
  return header === undefined ? 0 : SEGMENT_HEADER_BYTES;
}
