/**
 * Finds out what a journal has to deliver, without a lock and without changing
 * anything: from footers, and from the record headers of only those segments
 * that have no footer or that the cursor is in.
 */
import { failedWith } from "../../../base/error.ts";
import { add } from "../../../base/ledger.ts";
import { silentLog } from "../../../base/log.ts";
import type { FileSystem } from "../../../runtime/files.ts";
import { ArrivalTimes } from "../catalog/arrival_times.ts";
import { readCursor } from "../directory/cursor_file.ts";
import { riskOf } from "../format/cursor.ts";
import { cursorNotBefore } from "../catalog/fallback_cursor.ts";
import { DamageLog } from "../catalog/damage_log.ts";
import { countPending } from "../catalog/count_pending.ts";
import { surveyPending } from "./pending_segments.ts";
import { bytesOnDisk, listSegments } from "../segment/segment_files.ts";
import type { JournalSummary } from "../../archive.ts";

const EMPTY: JournalSummary = {
  cursor: 0,
  end: 0,
  pendingFrames: 0,
  pendingBytes: 0,
  oldestUs: undefined,
  journalBytes: 0,
  segments: 0,
  clean: undefined,
  atRiskBytes: 0,
};

/** How often it begins again because a daemon or a compaction has removed a segment meanwhile; then that is an error. */
const ATTEMPTS_MAX = 20;

/**
 * Of the journal in `directory`; an empty one if there is no such directory.
 * Rejects with a `SpillwayError` if a file is of a newer format version, with a
 * `SystemError` if one cannot be read.
 */
export async function summarizeJournal(files: FileSystem, directory: string): Promise<JournalSummary> {
  if (await files.stat(directory) === undefined) return EMPTY;
  for (let left = ATTEMPTS_MAX;; left--) {
    try {
      return await summarizeOnce(files, directory);
    } catch (error) {
      // A segment that was removed since it was listed was delivered, which the cursor says by now.
      if (left === 1 || !failedWith(error, "ENOENT")) throw error;
    }
  }
}

async function summarizeOnce(files: FileSystem, directory: string): Promise<JournalSummary> {
  const found = await readCursor(files, `${directory}/cursor`);
  const state = found.kind === "valid" ? found.state : undefined;
  const listed = await listSegments(files, directory);
  const { list, surveys, cutOff, end } = await surveyPending(files, listed, state?.cursor ?? 0);
  const oldest = list.all.find((each) => !each.empty)?.base;
  const { cursor } = await cursorNotBefore(oldest, files, found, surveys);
  const pending = await countPending(files, list, cursor, surveys);
  const damaged = cutOff.report(new DamageLog(silentLog), list.all, cursor);
  add(pending, damaged.frames, damaged.bytes);
  return {
    cursor,
    end: Math.max(cursor, end),
    pendingFrames: pending.frames,
    pendingBytes: pending.bytes,
    oldestUs: pending.frames > 0 ? await new ArrivalTimes(files, list).of(cursor) : undefined,
    journalBytes: await bytesOnDisk(files, listed),
    segments: listed.length,
    clean: state?.clean ?? (listed.length > 0 ? false : undefined),
    atRiskBytes: found.kind === "absent" && listed.length === 0 ? 0 : riskOf(found),
  };
}
