/**
 * Where the frames of a listed segment are now: since it was listed, a
 * compaction may have compressed it or made one file of several, a repair may
 * have written it anew, and the daemon may have removed it.
 */
import type { File, FileSystem } from "../../../runtime/files.ts";
import { type ArchiveSegment, surveyListed, surveyOpened } from "./open_archive.ts";
import { listSegments, openSegmentIfThere } from "../segment/segment_files.ts";

export interface Present {
  /** Whoever has it closes it. */
  readonly file: File;
  /** As its file has it. */
  readonly segment: ArchiveSegment;
  /** Frames from this sequence on are not those of the listed segment, or in a later one. */
  readonly endBeforeLater: number;
  /** Is it the file of another one, with frames before those that are looked for? */
  readonly elsewhere: boolean;
}

/** `endBeforeLater`: where the listed segment's frames end, as far as later ones say. Undefined if they are in no file any more. */
export async function openPresent(
  files: FileSystem,
  listed: ArchiveSegment,
  endBeforeLater: number,
): Promise<Present | undefined> {
  const file = await openSegmentIfThere(files, listed.path);
  if (file !== undefined) return await surveyed(file, listed, listed, endBeforeLater);
  const heir = await successorOf(files, listed);
  const its = heir && await openSegmentIfThere(files, heir.path);
  return its && await surveyed(its, heir!, listed, endBeforeLater);
}

async function surveyed(
  file: File,
  heir: ArchiveSegment,
  listed: ArchiveSegment,
  endBeforeLater: number,
): Promise<Present> {
  try {
    const segment = await surveyOpened(file, heir);
    const end = segment === listed ? Number.POSITIVE_INFINITY : endOf(listed);
    return { file, segment, endBeforeLater: Math.min(endBeforeLater, end), elsewhere: heir !== listed };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** The segment whose file has the frames of `gone`; undefined if there is none. */
async function successorOf(files: FileSystem, gone: ArchiveSegment): Promise<ArchiveSegment | undefined> {
  const { directory, base } = gone;
  const listed = await listSegments(files, directory);
  const heir = listed.findLast((each) => each.base <= base);
  const found = heir && await surveyListed(files, directory, heir);
  if (found === undefined) return undefined;
  const segment = { ...gone, ...found, newest: heir === listed.at(-1) };
  return segment.footer === undefined || segment.footer.end > base ? segment : undefined;
}

/** Sequence after its last frame, as far as that is known. */
export function endOf({ footer }: Pick<ArchiveSegment, "footer">): number {
  return footer?.end ?? Number.POSITIVE_INFINITY;
}
