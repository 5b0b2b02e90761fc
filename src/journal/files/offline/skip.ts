/**
 * Giving up pending frames on purpose, while no daemon runs: the cursor is moved
 * past them. Nothing else is written; the next start removes what is behind it.
 */
import { usageError } from "../../../base/error.ts";
import { silentLog } from "../../../base/log.ts";
import type { FileSystem } from "../../../runtime/files.ts";
import type { SkipLimit } from "../../journal.ts";
import { findSegments } from "../archive/find_segments.ts";
import { Arrivals } from "../catalog/arrival_times.ts";
import { CursorFile, readCursor } from "../directory/cursor_file.ts";
import { DamageLog } from "../catalog/damage_log.ts";
import { framesBetween } from "../catalog/frames_between.ts";
import { lockJournal } from "../directory/lock.ts";
import { newestNoted } from "../catalog/fallback_cursor.ts";
import { countFrames, countPending } from "../catalog/count_pending.ts";
import { type PendingSegments, surveyPending } from "../archive/pending_segments.ts";
import { decideCursor } from "../catalog/recovery.ts";
import { listSegments, openSegment } from "../segment/segment_files.ts";

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
  /** Frames delivered before these that the consumer's program may not have read: they are not sent again either. */
  readonly unreadFrames: number;
}

export type SkipOptions = SkipLimit & {
  readonly files: FileSystem;
  readonly directory: string;
  /** What others are told about us while we have the lock. */
  readonly holder: string;
  /** Asked with what would be given up; nothing is changed unless it says true. */
  readonly confirm: (what: GivenUp) => Promise<boolean>;
};

/**
 * Gives up the frames before the limit; undefined if `confirm` says no. Once it
 * resolves the new cursor survives a power loss. The drop is the caller's to
 * tell: no process has these frames in its books. Rejects with a
 * `SpillwayError`: exit code 75 if a daemon has the journal, 2 if a sequence lies
 * before the cursor or behind the journal's end.
 */
export async function skipOffline(options: SkipOptions): Promise<GivenUp | undefined> {
  const { files, directory, holder, confirm } = options;
  // First of all: whoever names something else should not find a lock in it.
  await findSegments(files, [directory]);
  const lock = await lockJournal(files, directory, holder, {
    hint: "stop the daemon; it would not see what is skipped",
  });
  try {
    const segments = await findSegments(files, [directory]);
    const path = `${directory}/cursor`;
    const found = await readCursor(files, path);
    const newest = found.kind === "valid" ? undefined : await newestNoted(files, segments);
    const { cursor } = decideCursor({ found, newestNoted: newest, oldestBase: segments[0]?.base });
    const pending = await surveyPending(files, await listSegments(files, directory), cursor);
    const end = Math.max(cursor, pending.end);
    const until = "until" in options
      ? options.until
      : await new Arrivals(files, pending.list).firstSince(cursor, options.beforeUs) ?? end;
    checkRange(directory, cursor, until, end);
    // Where delivery goes on as it was, what may be unread is still sent again.
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

/** What a daemon that starts here would count if it was told to skip: damaged frames too, which nobody else counts. */
async function contentsOf(
  files: FileSystem,
  { list, surveys }: Pick<PendingSegments, "list" | "surveys">,
  from: number,
  until: number,
): Promise<Omit<GivenUp, "unreadFrames">> {
  // Notes what is counted of each segment, which the count of a part goes by.
  await countPending(files, list, from, surveys);
  const counted = await countFrames(files, list, new DamageLog(silentLog), from, until);
  return { from, until, ...counted, ...await timesOf(files, { list, surveys }, from, until) };
}

/** When the first and last frames of [from, until) arrived that can be read. */
async function timesOf(
  files: FileSystem,
  { list, surveys }: Pick<PendingSegments, "list" | "surveys">,
  from: number,
  until: number,
): Promise<Pick<GivenUp, "firstUs" | "lastUs">> {
  let firstUs: number | undefined;
  let lastUs: number | undefined;
  const note = (lowestUs: number, highestUs: number) => {
    firstUs = Math.min(firstUs ?? lowestUs, lowestUs);
    lastUs = Math.max(lastUs ?? highestUs, highestUs);
  };
  for (const [index, segment] of list.all.entries()) {
    const bound = Math.min(until, list.boundOf(segment));
    if (segment.empty || segment.marks === undefined || segment.base >= bound || segment.end <= from) continue;
    const { footer } = surveys[index];
    if (footer !== undefined && segment.base >= from && footer.end <= bound) {
      note(footer.lowestUs, footer.highestUs);
      continue;
    }
    const file = await openSegment(files, segment.path);
    try {
      for await (const found of framesBetween(file, segment, { from, until: bound, bound })) {
        if (found.frames > 0) note(found.timeUs, found.timeUs);
      }
    } finally {
      file.close();
    }
  }
  return { firstUs, lastUs };
}
