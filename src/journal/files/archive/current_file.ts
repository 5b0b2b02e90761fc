/**
 * The file that has the frames of a listed segment now. Since it was listed, a
 * compaction may have compressed it or made one file of several, a repair may
 * have written it anew, and the daemon may have removed it.
 */
import type { File, ReadableFiles } from "../../../runtime/files.ts";
import { type ArchiveSegment, surveyListed, surveyOpened } from "./find_segments.ts";
import { listSegments, openSegmentIfThere } from "../segment/segment_files.ts";

export interface CurrentFile {
  /** The caller closes it. */
  readonly file: File;
  /** The segment as this file has it. */
  readonly segment: ArchiveSegment;
  /** Frames from this sequence on are of another segment than the listed one, or also in a later one. */
  readonly endBeforeLater: number;
  /** Is it the file of another segment, with frames before those of the listed one? */
  readonly isSuccessor: boolean;
}

/** `endBeforeLater` is where the listed segment's frames end, as later segments say. Undefined if they are in no file any more. */
export async function openCurrentFile(
  files: ReadableFiles,
  listed: ArchiveSegment,
  endBeforeLater: number,
): Promise<CurrentFile | undefined> {
  const own = await openSegmentIfThere(files, listed.path);
  if (own !== undefined) return await surveyed(own, listed, listed, endBeforeLater);
  const successor = await successorOf(files, listed);
  const file = successor && await openSegmentIfThere(files, successor.path);
  return file && await surveyed(file, successor!, listed, endBeforeLater);
}

/** `found` is the segment that `file` was opened as. Closes the file if it cannot be surveyed. */
async function surveyed(
  file: File,
  found: ArchiveSegment,
  listed: ArchiveSegment,
  endBeforeLater: number,
): Promise<CurrentFile> {
  try {
    const segment = await surveyOpened(file, found);
    const end = segment === listed ? Number.POSITIVE_INFINITY : endOf(listed);
    return { file, segment, endBeforeLater: Math.min(endBeforeLater, end), isSuccessor: found !== listed };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** The segment whose file has the frames of `gone`; undefined if there is none. */
async function successorOf(files: ReadableFiles, gone: ArchiveSegment): Promise<ArchiveSegment | undefined> {
  const { directory, base } = gone;
  const listed = await listSegments(files, directory);
  const successor = listed.findLast((each) => each.base <= base);
  const found = successor && await surveyListed(files, directory, successor);
  if (found === undefined) return undefined;
  const segment = { ...gone, ...found, newest: successor === listed.at(-1) };
  return segment.footer === undefined || segment.footer.end > base ? segment : undefined;
}

/** Sequence after its last frame, as far as that is known. */
export function endOf({ footer }: Pick<ArchiveSegment, "footer">): number {
  return footer?.end ?? Number.POSITIVE_INFINITY;
}
