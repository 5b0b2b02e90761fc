/**
 * Where the frames of a listed segment are now: since it was listed, a
 * compaction may have compressed it or made one file of several, a repair may
 * have written it anew, and the daemon may have removed it.
 */
import { createFramer } from "../framing/create.ts";
import type { Framer } from "../framing/framing.ts";
import type { File, FileSystem } from "../runtime/files.ts";
import { type ArchiveSegment, surveyListed, surveyOpened } from "./archive.ts";
import { LINES } from "./framer_of.ts";
import { FramingTrial } from "./framing_trial.ts";
import { listSegments, openSegmentIfThere } from "./segment_files.ts";
import { walkRecords } from "./walk.ts";

export interface Present {
  /** Whoever has it closes it. */
  readonly file: File;
  /** As its file has it. */
  readonly segment: ArchiveSegment;
  /** Frames from this sequence on are not those of the listed segment, or in a later one. */
  readonly bound: number;
  /** Is it the file of another one, with frames before those that are looked for? */
  readonly elsewhere: boolean;
}

/** `bound`: where the listed segment's frames end, as far as later ones say. Undefined if they are in no file any more. */
export async function openPresent(
  files: FileSystem,
  listed: ArchiveSegment,
  bound: number,
): Promise<Present | undefined> {
  const file = await openSegmentIfThere(files, listed.path);
  if (file !== undefined) return await surveyed(file, listed, listed, bound);
  const heir = await successorOf(files, listed);
  const its = heir && await openSegmentIfThere(files, heir.path);
  return its && await surveyed(its, heir!, listed, bound);
}

async function surveyed(file: File, heir: ArchiveSegment, listed: ArchiveSegment, bound: number): Promise<Present> {
  try {
    const found = await surveyOpened(file, heir);
    const end = found === listed ? Number.POSITIVE_INFINITY : endOf(listed);
    const segment = found.header === undefined ? { ...found, framer: await framerIn(file, found) } : found;
    return { file, segment, bound: Math.min(bound, end), elsewhere: heir !== listed };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** What cuts the frames of a segment whose header is lost: what cuts every record into as many as it counts. */
async function framerIn(file: File, { marks, size, framer }: ArchiveSegment): Promise<Framer> {
  if (marks === undefined) return framer;
  const trial = new FramingTrial(framer === LINES ? [] : [framer.framing]);
  for await (const found of walkRecords(file, { marks, limit: size, verify: true })) {
    if (found.kind === "record") trial.add(found.payload, found.header.frames);
  }
  const { outcome } = trial;
  return outcome === undefined ? framer : createFramer(outcome);
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
