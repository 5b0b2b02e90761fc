/** What one segment file says of itself: its name, header and footer. */
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
import { newerVersion } from "../format/newer_version.ts";
import { findSalt } from "./find_record.ts";
import { fileBytesOf, openSegmentIfThere, type SegmentFile } from "./segment_files.ts";
import { readSome } from "./tolerant_read.ts";

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
