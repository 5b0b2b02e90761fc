/**
 * Skips pending frames on purpose while no daemon runs: the cursor is moved past
 * them. Nothing else is written; the next start removes the segments behind it.
 */
import { usageError } from "../../../base/error.ts";
import { silentLog } from "../../../base/log.ts";
import type { FileSystem } from "../../../runtime/files.ts";
import type { SkipLimit } from "../../journal.ts";
import { findSegments } from "../archive/find_segments.ts";
import { ArrivalTimes } from "../catalog/arrival_times.ts";
import { CursorFile, readCursor } from "../directory/cursor_file.ts";
import { DamageLog } from "../catalog/damage_log.ts";
import { countFrames, countPending, framesBetween } from "../catalog/count_pending.ts";
import { lockJournal } from "../directory/lock.ts";
import { currentCursor } from "../catalog/fallback_cursor.ts";
import { type PendingSegments, surveyPending } from "../archive/pending_segments.ts";
import { listSegments, openSegment } from "../segment/segment_files.ts";

/** The frames between the cursor and the sequence at which delivery goes on. */
export interface SkippedFrames {
  /** Sequences [from, until); those that are not in the journal were delivered from memory. */
  readonly from: number;
  readonly until: number;
  readonly frames: number;
  readonly bytes: number;
  /** Arrival of the first and last of them, µs since 1970; undefined if there are none. */
  readonly firstUs: number | undefined;
  readonly lastUs: number | undefined;
  /** Frames delivered before these that the consumer's program may not have read: they are not sent again either. */
  readonly unreadFrames: number;
}

export type SkipOptions = SkipLimit & {
  readonly files: FileSystem;
  readonly directory: string;
  /** What other processes are told about the holder of the lock. */
  readonly holder: string;
  /** Called with the frames that would be skipped; nothing is changed unless it resolves to true. */
  readonly confirm: (what: SkippedFrames) => Promise<boolean>;
};

/**
 * Skips the frames before the limit; undefined if `confirm` resolves to false. Once
 * it resolves the new cursor survives a power loss. The caller reports the drop: it
 * is in no process's counters. Rejects with a `SpillwayError`: exit code 75 if a
 * daemon has the journal, 2 if a sequence is before the cursor or behind the
 * journal's end.
 */
export async function skipOffline(options: SkipOptions): Promise<SkippedFrames | undefined> {
  const { files, directory, holder, confirm } = options;
  // Checked first, so that no lock file is created in a directory that is no journal.
  await findSegments(files, [directory]);
  const lock = await lockJournal(files, directory, holder, {
    hint: "stop the daemon; it would not see what is skipped",
  });
  try {
    const segments = await findSegments(files, [directory]);
    const path = `${directory}/cursor`;
    const found = await readCursor(files, path);
    const { cursor } = await currentCursor(files, found, segments);
    const pending = await surveyPending(files, await listSegments(files, directory), cursor);
    const end = Math.max(cursor, pending.end);
    const until = "until" in options
      ? options.until
      : await new ArrivalTimes(files, pending.list).firstSince(cursor, options.beforeUs) ?? end;
    checkRange(directory, cursor, until, end);
    // If the cursor does not move, frames that may be unread are still sent again.
    const unreadFrames = found.kind === "valid" && until > cursor ? found.state.unreadFrames : 0;
    const what = { ...await contentsOf(files, pending, cursor, until), unreadFrames };
    if (!await confirm(what)) return undefined;
    if (until === cursor) return what;
    const state = found.kind === "valid" ? found.state : { atRiskBytes: 0, clean: false };
    const file = new CursorFile(files, directory, path, found.kind === "valid" ? found.generation : 0);
    try {
      await file.write({ ...state, cursor: until, unreadFrames: 0, resendFrames: 0 });
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
    throw usageError(
      `${directory}: everything before frame ${cursor} is delivered, found --until ${until}`,
      "the cursor never goes back; target.rewind or spillway replay send delivered frames again",
    );
  }
  if (until > end) {
    throw usageError(
      `${directory}: the journal ends before frame ${end}, found --until ${until}`,
      `--until ${end} gives up all that is pending`,
    );
  }
}

/** Counts as a daemon would that skips right after its start: damaged frames are included. */
async function contentsOf(
  files: FileSystem,
  { list, surveys }: Pick<PendingSegments, "list" | "surveys">,
  from: number,
  until: number,
): Promise<Omit<SkippedFrames, "unreadFrames">> {
  // This notes which frames of each segment are counted, on which the count of a part depends.
  await countPending(files, list, from, surveys);
  const counted = await countFrames(files, list, new DamageLog(silentLog), from, until);
  return { from, until, ...counted, ...await timesOf(files, { list, surveys }, from, until) };
}

/** Arrival of the first and last readable frames of [from, until). */
async function timesOf(
  files: FileSystem,
  { list, surveys }: Pick<PendingSegments, "list" | "surveys">,
  from: number,
  until: number,
): Promise<Pick<SkippedFrames, "firstUs" | "lastUs">> {
  let firstUs: number | undefined;
  let lastUs: number | undefined;
  const note = (lowestUs: number, highestUs: number) => {
    firstUs = Math.min(firstUs ?? lowestUs, lowestUs);
    lastUs = Math.max(lastUs ?? highestUs, highestUs);
  };
  for (const [index, segment] of list.all.entries()) {
    const endBeforeLater = Math.min(until, list.endBeforeLater(segment));
    if (segment.empty || segment.marks === undefined || segment.base >= endBeforeLater || segment.end <= from) continue;
    const { footer } = surveys[index];
    if (footer !== undefined && segment.base >= from && footer.end <= endBeforeLater) {
      note(footer.lowestUs, footer.highestUs);
      continue;
    }
    const file = await openSegment(files, segment.path);
    try {
      for await (const found of framesBetween(file, segment, { from, until: endBeforeLater, endBeforeLater })) {
        if (found.frames > 0) note(found.timeUs, found.timeUs);
      }
    } finally {
      file.close();
    }
  }
  return { firstUs, lastUs };
}
