/**
 * Giving up pending frames on purpose, while no daemon runs: the cursor is moved
 * past them. Nothing else is written; the next start removes what is behind it.
 */
import { EXIT, SpillwayError } from "../base/error.ts";
import type { FileSystem } from "../runtime/files.ts";
import { type ArchiveSegment, openArchive } from "./archive.ts";
import { CursorFile, readCursor } from "./cursor.ts";
import { framesBetween } from "./frames_between.ts";
import { lockJournal } from "./lock.ts";
import { newestNoted } from "./noted_cursor.ts";
import { boundAmong } from "./overlap.ts";
import { decideCursor } from "./recovery.ts";
import { openSegment } from "./segment_files.ts";
import { tallyRecords } from "./survey.ts";

/** What is between the cursor and the sequence that delivery is to go on at. */
export interface GivenUp {
  /** [from, until); what is not journaled in it was delivered from memory. */
  readonly from: number;
  readonly until: number;
  readonly frames: number;
  readonly bytes: number;
  /** Arrival of the first and last of them, µs since 1970; undefined where there are none. */
  readonly firstUs: number | undefined;
  readonly lastUs: number | undefined;
}

export interface SkipOptions {
  readonly files: FileSystem;
  readonly directory: string;
  /** Sequence of the first frame that is not given up. */
  readonly until: number;
  /** What others are told about us while we have the lock. */
  readonly holder: string;
  /** Asked with what would be given up; nothing is changed unless it says true. */
  readonly confirm: (what: GivenUp) => Promise<boolean>;
}

/**
 * Gives up the frames before `until`; undefined if `confirm` says no. Once it
 * resolves the new cursor survives a power loss. The drop is the caller's to
 * tell: no process has these frames in its books. Rejects with a
 * `SpillwayError`: exit code 75 if a daemon has the journal, 2 if `until` lies
 * before the cursor or behind the journal's end.
 */
export async function skipOffline(options: SkipOptions): Promise<GivenUp | undefined> {
  const { files, directory, until, holder, confirm } = options;
  // First of all: whoever names something else should not find a lock in it.
  await openArchive(files, [directory]);
  const lock = await lockJournal(files, directory, holder, {
    hint: "stop the daemon; it would not see what is skipped",
  });
  try {
    const segments = await openArchive(files, [directory]);
    const path = `${directory}/cursor`;
    const found = await readCursor(files, path);
    const newest = found.kind === "valid" ? undefined : await newestNoted(files, segments);
    const { cursor } = decideCursor({ found, newestNoted: newest, oldestBase: segments[0]?.base });
    checkRange(directory, cursor, until, await endOf(files, segments, cursor));
    const what = await contentsOf(files, segments, cursor, until);
    if (!await confirm(what)) return undefined;
    const state = found.kind === "valid" ? found.state : { atRiskBytes: 0, clean: false };
    const file = new CursorFile(files, directory, path, found.kind === "valid" ? found.generation : 0);
    try {
      await file.write({ ...state, cursor: until });
      await file.sync();
    } finally {
      file.close();
    }
    return what;
  } finally {
    lock.close();
  }
}

function checkRange(directory: string, cursor: number, until: number, end: number): void {
  if (until < cursor) {
    throw new SpillwayError(`${directory}: everything before frame ${cursor} is delivered, found --until ${until}`, {
      hint: "the cursor never goes back; target.rewind or spillway replay send delivered frames again",
      exit: EXIT.usage,
    });
  }
  if (until > end) {
    throw new SpillwayError(`${directory}: the journal ends before frame ${end}, found --until ${until}`, {
      hint: `--until ${end} gives up all that is pending`,
      exit: EXIT.usage,
    });
  }
}

/** The sequence of the next frame that will be journaled. */
async function endOf(files: FileSystem, segments: readonly ArchiveSegment[], cursor: number): Promise<number> {
  const last = segments[segments.length - 1];
  if (last === undefined) return cursor;
  if (last.footer !== undefined) return Math.max(cursor, last.footer.end);
  const file = await openSegment(files, last.path);
  try {
    return Math.max(cursor, (await tallyRecords(file, last, false)).claimedEnd);
  } finally {
    file.close();
  }
}

async function contentsOf(
  files: FileSystem,
  segments: readonly ArchiveSegment[],
  from: number,
  until: number,
): Promise<GivenUp> {
  const sum = { frames: 0, bytes: 0, lowestUs: Number.POSITIVE_INFINITY, highestUs: 0 };
  const add = (frames: number, bytes: number, lowestUs: number, highestUs: number) => {
    sum.frames += frames;
    sum.bytes += bytes;
    sum.lowestUs = Math.min(sum.lowestUs, lowestUs);
    sum.highestUs = Math.max(sum.highestUs, highestUs);
  };
  for (const [index, segment] of segments.entries()) {
    // What a later segment has again does not count in this one.
    const bound = Math.min(until, await boundAmong(files, segments.slice(index + 1)));
    if (segment.base >= bound || segment.marks === undefined) continue;
    const { footer } = segment;
    if (footer !== undefined && footer.end <= from) continue;
    if (footer !== undefined && segment.base >= from && footer.end <= bound) {
      add(footer.frames, footer.bytes, footer.lowestUs, footer.highestUs);
      continue;
    }
    await addRecords(files, segment, from, bound, add);
  }
  const any = sum.frames > 0;
  return {
    from,
    until,
    frames: sum.frames,
    bytes: sum.bytes,
    firstUs: any ? sum.lowestUs : undefined,
    lastUs: any ? sum.highestUs : undefined,
  };
}

/** Frames [from, until) of a segment, by its record headers. */
async function addRecords(
  files: FileSystem,
  segment: ArchiveSegment,
  from: number,
  until: number,
  add: (frames: number, bytes: number, lowestUs: number, highestUs: number) => void,
): Promise<void> {
  const file = await openSegment(files, segment.path);
  try {
    for await (const found of framesBetween(file, { ...segment, limit: segment.size }, from, until)) {
      if (found.kind === "frames") add(found.frames, found.bytes, found.timeUs, found.timeUs);
    }
  } finally {
    file.close();
  }
}
