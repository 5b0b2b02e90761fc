/**
 * Carries out the plan for one segment. At every moment either the damaged file is
 * in place or the repaired one, and every byte that is not in the repaired one has
 * been synced to quarantine before.
 */
import { SpillwayError } from "../../../base/error.ts";
import { silentLog } from "../../../base/log.ts";
import type { File, FileSystem, WritableFile } from "../../../runtime/files.ts";
import type { ArchiveSegment } from "../archive/find_segments.ts";
import type { FileRange } from "../format/ranges.ts";
import { assertReadable, copyBytes } from "../directory/copy_bytes.ts";
import { encodeFooter, encodeSegmentHeader, SALT_BYTES, segmentName } from "../format/segment.ts";
import { Quarantine } from "../directory/quarantine.ts";
import type { DamagedBytes, PlanOptions, SegmentPlan } from "./repair_plan.ts";
import { replaceFile } from "../directory/replace_file.ts";
import { fileOf, hasRemainsIn, rangeInFile } from "../segment/segment_files.ts";
import { footerOf, tallyRecords } from "../segment/tally_records.ts";
import { surveySegment } from "../segment/survey.ts";

/** A damaged range of a file on disk. `to`: its copy in quarantine; undefined if it is empty or nothing was copied. */
export interface MovedRange extends DamagedBytes {
  readonly path: string;
  readonly to: string | undefined;
}

/** The damaged ranges of the plan, as ranges of the file on disk. */
export async function rangesOnDisk(file: File, { damages, extras }: SegmentPlan): Promise<DamagedBytes[]> {
  const ranges: DamagedBytes[] = [...extras];
  for (const { offset, bytes, header } of damages) {
    const range = await rangeInFile(file, offset, bytes);
    if (!hasRemainsIn(extras, range)) ranges.push({ ...range, header });
  }
  return ranges;
}

/**
 * Copies the damaged ranges to quarantine and writes the segment without them.
 * Rejects, with the segment as it was, if a byte of these ranges cannot be read or
 * the disk is full.
 */
export async function repairSegment(
  files: FileSystem,
  file: File,
  segment: ArchiveSegment,
  plan: SegmentPlan,
  options: PlanOptions,
): Promise<MovedRange[]> {
  const { directory } = segment;
  // An empty segment behind it keeps the sequences of lost frames at its end from being used again.
  const needsSuccessor = segment.newest && plan.claimedEnd > plan.keptEnd && plan.claimedEnd > segment.base;
  // Nothing cuts off an unfinished write in a segment that is not the newest.
  const tail = needsSuccessor && plan.unfinished !== undefined ? [plan.unfinished] : [];
  const damages = await rangesOnDisk(file, { ...plan, damages: [...plan.damages, ...tail] });
  const onDisk = fileOf(file);
  for (const { offset, bytes } of damages) await assertReadable(onDisk, offset, bytes);
  const quarantine = new Quarantine(files, silentLog, directory);
  const moved: MovedRange[] = [];
  for (const damage of damages) {
    const { offset, bytes } = damage;
    const to = bytes === 0 ? undefined : await quarantine.copy(segment.name, onDisk, offset, bytes);
    moved.push({ ...damage, path: segment.path, to });
  }
  const path = `${directory}/${segmentName(segment.base)}`;
  const temporary = `${path}.tmp`;
  try {
    const to = await files.open(temporary, "create");
    try {
      await writeRest(to, file, segment, plan, tail.length > 0 ? undefined : plan.unfinished);
      await to.sync();
    } finally {
      to.close();
    }
    if (needsSuccessor) {
      const conflicting = options.journal.filter(({ base }) => base > segment.base && base <= plan.claimedEnd);
      for (const each of conflicting) moved.push(await setUnfinishedAside(each, quarantine));
      await createSuccessor(files, directory, plan, options);
    }
    await files.rename(temporary, path);
  } catch (error) {
    await files.unlink(temporary).catch(() => {});
    throw error;
  }
  await files.syncDirectory(directory);
  if (path !== segment.path) {
    // It was compressed. The new file is not, and counts from now on.
    await files.unlink(segment.path);
    await files.syncDirectory(directory);
  }
  return moved;
}

/** Writes header, records as they are, and footer, and reads them back before the footer is written. */
async function writeRest(
  to: WritableFile,
  from: File,
  segment: ArchiveSegment,
  plan: SegmentPlan,
  unfinished: FileRange | undefined,
): Promise<void> {
  await to.writeAt([plan.header], 0);
  let size = plan.header.length;
  for (const { offset, bytes } of plan.keep) {
    await copyBytes(from, offset, to, size, bytes);
    size += bytes;
  }
  const survey = await surveySegment(to, to.path, segment.base, segment.framer);
  const tally = await tallyRecords(to, survey, true);
  const isWhole = survey.header !== undefined && tally.tail === "none" && tally.offset === size;
  if (!isWhole) {
    throw new SpillwayError(
      `${to.path}: ${size} bytes were copied, only the first ${tally.offset} read back as written`,
      {
        hint: `${segment.path} was not changed; check the disk`,
      },
    );
  }
  if (unfinished !== undefined) {
    await copyBytes(from, unfinished.offset, to, size, unfinished.bytes);
  } else if (plan.records > 0) {
    const footer = footerOf(segment.base, tally, plan.cursor);
    await to.writeAt([encodeFooter(footer, survey.marks!.footer)], size);
  }
}

/** Moves a segment that was being created to quarantine: it has a part of a header, and no frame. */
async function setUnfinishedAside({ path, fileBytes }: ArchiveSegment, quarantine: Quarantine): Promise<MovedRange> {
  return { path, offset: 0, bytes: fileBytes, to: await quarantine.setAside(path) };
}

/** Creates a segment with a header only; its name is the next sequence. */
async function createSuccessor(
  files: FileSystem,
  directory: string,
  plan: SegmentPlan,
  { randomBytes, nowUs }: PlanOptions,
): Promise<void> {
  const header = encodeSegmentHeader({
    base: plan.claimedEnd,
    createdUs: nowUs,
    salt: randomBytes(SALT_BYTES),
    previousEnd: plan.claimedEnd,
    cursor: plan.cursor,
    framing: plan.framing,
  });
  await replaceFile(files, `${directory}/${segmentName(plan.claimedEnd)}`, (to) => to.writeAt([header], 0));
  await files.syncDirectory(directory);
}
