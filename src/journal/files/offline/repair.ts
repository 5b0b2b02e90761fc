/**
 * Repairs journals: damaged ranges go to `quarantine/`, the rest stays readable,
 * and no byte is destroyed. The program may be killed, or the power lost, at any
 * moment: what was readable is, and the next run finishes.
 */
import { resolve } from "node:path";
import { silentLog } from "../../../base/log.ts";
import type { Framing } from "../../../framing/framing.ts";
import type { FileSystem } from "../../../runtime/files.ts";
import { type ArchiveSegment, findSegments, surveyOpened } from "../archive/find_segments.ts";
import { directoriesAt } from "../archive/named_directories.ts";
import { segmentBase } from "../format/segment.ts";
import { lockCompaction, lockJournal } from "../directory/lock.ts";
import { Quarantine } from "../directory/quarantine.ts";
import { repairCursor } from "./repair_cursor.ts";
import { type DamagedStretch, planSegment } from "./repair_plan.ts";
import { isMisnamed } from "../segment/survey.ts";
import { rangesOnDisk, repairSegment } from "./repair_segment.ts";
import { listSegments, openSegmentIfThere } from "../segment/segment_files.ts";

export interface RepairOptions {
  readonly files: FileSystem;
  readonly randomBytes: (count: number) => Uint8Array;
  /** µs since 1970. */
  readonly nowUs: number;
  /** What others are told about us while we have the locks, for example `repair, pid 1234`. */
  readonly holder: string;
  /** Of segments whose header is damaged, where it cannot be told from what is in them. */
  readonly framing?: Framing;
  /** Only say what would be done: takes no lock, changes nothing, a daemon may be running. */
  readonly dryRun: boolean;
  readonly on: RepairEvents;
}

/** What is told as it happens. */
export interface RepairEvents {
  /** A range was put aside, or would be; `to` is undefined where only that is said, or there was nothing to copy. */
  moved(moved: MovedRange): Promise<void>;
  /** A file that an interrupted write has left. */
  setAside(path: string, to: string): Promise<void>;
  /** A file could not be repaired, and is as it was. */
  failed(path: string, error: unknown): Promise<void>;
  /** Delivery goes on there after both or one slot were damaged. */
  cursor(path: string, sequence: number): Promise<void>;
  /** A segment was looked at, and if need be repaired: how many of its bytes. */
  progress(bytes: number): void;
}

export interface MovedRange extends DamagedStretch {
  readonly path: string;
  readonly to: string | undefined;
}

/**
 * Repairs the journal directories and segment files at `paths`. Resolves when
 * all that could be repaired is. Rejects with a `SpillwayError`: exit code 75
 * if a daemon or compaction is at work there, 2 for a path that is no journal.
 */
export async function repair(paths: readonly string[], options: RepairOptions): Promise<void> {
  const { files, holder, dryRun } = options;
  const segments = await findSegments(files, paths);
  const whole = await directoriesAt(files, paths);
  const directories = distinct([...whole, ...segments.map(({ directory }) => directory)]);
  const locks: { close(): void }[] = [];
  try {
    if (!dryRun) {
      for (const directory of directories) {
        locks.push(
          await lockJournal(files, directory, holder, { hint: "stop the daemon; it passes over damage by itself" }),
        );
        locks.push(await lockCompaction(files, directory, holder));
      }
    }
    for (const directory of directories) {
      const isHere = (other: string) => resolve(other) === resolve(directory);
      const bases = segments.filter((each) => isHere(each.directory)).map(baseOf);
      const only = whole.some(isHere) ? undefined : new Set(bases);
      await repairDirectory(directory, only, options);
    }
  } finally {
    for (const lock of locks) lock.close();
  }
}

/** A directory may have been given two names, and is locked once. */
function distinct(directories: readonly string[]): string[] {
  return [...new Map(directories.toReversed().map((each) => [resolve(each), each])).values()].sort();
}

/** `only`: the bases of the segments that were asked for; undefined: all, and the cursor. */
async function repairDirectory(directory: string, only: Set<number> | undefined, options: RepairOptions) {
  const { files, dryRun, on } = options;
  if (!dryRun) await setLeftoversAside(directory, options);
  const journal = await findSegments(files, [directory]);
  for (const segment of journal) {
    if (only?.has(segment.base) === false) continue;
    try {
      await repairOne(segment, journal, options);
    } catch (error) {
      await on.failed(segment.path, error);
    }
    on.progress(segment.size);
  }
  if (only !== undefined) return;
  const path = `${directory}/cursor`;
  try {
    const repaired = await repairCursor(files, directory, await findSegments(files, [directory]), dryRun);
    for (const { offset, bytes, to } of repaired.damages) await on.moved({ path, offset, bytes, to: to || undefined });
    if (repaired.decision !== undefined) await on.cursor(path, repaired.decision.cursor);
  } catch (error) {
    await on.failed(path, error);
  }
}

async function repairOne(listed: ArchiveSegment, journal: readonly ArchiveSegment[], options: RepairOptions) {
  const { files, dryRun, on } = options;
  const file = await openSegmentIfThere(files, listed.path);
  // Only where nothing is locked: the daemon or a compaction has removed it.
  if (file === undefined) return;
  try {
    const segment = await surveyOpened(file, listed);
    if (isMisnamed(segment)) {
      const { path, fileBytes: bytes } = segment;
      if (dryRun) return await on.moved({ path, offset: 0, bytes, to: undefined });
      return await on.setAside(path, await new Quarantine(files, silentLog, segment.directory).setAside(path));
    }
    const plan = await planSegment(file, segment, { ...options, journal });
    if (plan.damages.length + plan.extras.length === 0) return;
    if (dryRun) {
      for (const damage of await rangesOnDisk(file, plan)) {
        await on.moved({ ...damage, path: segment.path, to: undefined });
      }
      return;
    }
    for (const each of await repairSegment(files, file, segment, plan, { ...options, journal })) await on.moved(each);
  } finally {
    file.close();
  }
}

/**
 * As the daemon does at its start: files that were to take the place of a
 * segment, and did not. And of a segment that is there twice, compressed and not,
 * the one that does not count: a repair that was killed has left it, or a
 * compaction.
 */
async function setLeftoversAside(directory: string, { files, on }: RepairOptions): Promise<void> {
  const quarantine = new Quarantine(files, silentLog, directory);
  const counts = new Set((await listSegments(files, directory)).map(({ name }) => name));
  for (const name of await files.list(directory)) {
    const isSpare = segmentBase(name) !== undefined && !counts.has(name);
    if (!name.endsWith(".seg.tmp") && !isSpare) continue;
    const path = `${directory}/${name}`;
    await on.setAside(path, await quarantine.setAside(path));
  }
}

function baseOf({ base }: ArchiveSegment): number {
  return base;
}
