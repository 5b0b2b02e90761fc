/**
 * Repairs journals: damaged ranges go to `quarantine/`, the rest stays readable,
 * and no byte is destroyed. If the program is killed or the power lost at any
 * moment, everything readable is still readable, and the next run finishes.
 */
import { resolve } from "node:path";
import { silentLog } from "../../../base/log.ts";
import type { Framing } from "../../../framing/framing.ts";
import type { FileSystem } from "../../../runtime/files.ts";
import { type ArchiveSegment, findSegments, surveyOpened } from "../archive/find_segments.ts";
import { directoriesAt } from "../archive/named_directories.ts";
import { findLeftovers } from "../directory/leftovers.ts";
import { lockCompaction, lockJournal } from "../directory/lock.ts";
import { Quarantine } from "../directory/quarantine.ts";
import { repairCursor } from "./repair_cursor.ts";
import { planSegment } from "./repair_plan.ts";
import { isMisnamed } from "../segment/survey.ts";
import { type MovedRange, rangesOnDisk, repairSegment } from "./repair_segment.ts";
import { openSegmentIfThere } from "../segment/segment_files.ts";

export interface RepairOptions {
  readonly files: FileSystem;
  readonly randomBytes: (count: number) => Uint8Array;
  /** µs since 1970. */
  readonly nowUs: number;
  /** What other processes are told about the holder of the locks, for example `repair, pid 1234`. */
  readonly holder: string;
  /** Framing of segments whose header is damaged; without it the framing is found from their records. */
  readonly framing?: Framing;
  /** Report what would be done, without a lock and without changing anything; a daemon may be running. */
  readonly dryRun: boolean;
  readonly on: RepairEvents;
}

/** Called while the repair goes on. */
export interface RepairEvents {
  /** A range was copied to quarantine, or would be with `dryRun`. */
  moved(moved: MovedRange): Promise<void>;
  /** A whole file was moved to quarantine. */
  setAside(path: string, to: string): Promise<void>;
  /** A file could not be repaired and is as it was. */
  failed(path: string, error: unknown): Promise<void>;
  /** The cursor after one or both slots were damaged. */
  cursor(path: string, sequence: number): Promise<void>;
  /** A segment of this size was checked and, if necessary, repaired. */
  progress(bytes: number): void;
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

/** Each directory once, even if it was named twice. */
function distinct(directories: readonly string[]): string[] {
  return [...new Map(directories.toReversed().map((each) => [resolve(each), each])).values()].sort();
}

/** `only`: the bases of the named segments; undefined: all segments and the cursor. */
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
  // This happens without locks only: the daemon or a compaction has removed it.
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

/** Moves what a killed daemon, repair or compaction has left beside the segments to quarantine. */
async function setLeftoversAside(directory: string, { files, on }: RepairOptions): Promise<void> {
  const quarantine = new Quarantine(files, silentLog, directory);
  const { unfinished, spare } = await findLeftovers(files, directory);
  for (const name of [...unfinished, ...spare].sort()) {
    const path = `${directory}/${name}`;
    await on.setAside(path, await quarantine.setAside(path));
  }
}

function baseOf({ base }: ArchiveSegment): number {
  return base;
}
