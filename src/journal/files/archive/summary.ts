/**
 * What a journal that no daemon answers for has to deliver, told without
 * changing anything: from the footers, and from the record headers of only the
 * segments that have none or that the cursor is in.
 */
import { failedWith } from "../../../base/error.ts";
import { add } from "../../../base/ledger.ts";
import { silentLog } from "../../../base/log.ts";
import type { FileSystem } from "../../../runtime/files.ts";
import { Arrivals } from "../catalog/arrival_times.ts";
import { readCursor, riskOf } from "../directory/cursor_file.ts";
import { newestNoted } from "../catalog/fallback_cursor.ts";
import { DamageLog } from "../catalog/damage_log.ts";
import { countPending } from "../catalog/count_pending.ts";
import { surveyPending } from "./pending_segments.ts";
import { decideCursor } from "../catalog/recovery.ts";
import { bytesOnDisk, listSegments } from "../segment/segment_files.ts";

export interface Glance {
  /** Sequence of the next frame to deliver. */
  readonly cursor: number;
  /** Sequence that the next frame to be received will have. */
  readonly end: number;
  readonly pendingFrames: number;
  readonly pendingBytes: number;
  /** When the oldest of them arrived, µs since 1970; undefined where none is pending. */
  readonly oldestUs: number | undefined;
  /** Bytes of all segment files, and how many there are. */
  readonly journalBytes: number;
  readonly segments: number;
  /** Did the last run stop cleanly? Undefined if no run has left word. */
  readonly clean: boolean | undefined;
  /** What it had in memory alone at its end, in bytes, at most; undefined where nothing says so. */
  readonly atRiskBytes: number | undefined;
}

/** A daemon that delivers, or a compaction, may be at work: at last a segment that is gone is an error. */
const LOOKS_MAX = 20;

/**
 * Looks at the journal in `directory`. Rejects with a `SpillwayError` if a file
 * is of a newer format version, with a `SystemError` if one cannot be read.
 */
export async function glanceAt(files: FileSystem, directory: string): Promise<Glance> {
  for (let left = LOOKS_MAX;; left--) {
    try {
      return await look(files, directory);
    } catch (error) {
      // What was removed since it was listed was delivered, and the cursor says so by now.
      if (left === 1 || !failedWith(error, "ENOENT")) throw error;
    }
  }
}

async function look(files: FileSystem, directory: string): Promise<Glance> {
  const found = await readCursor(files, `${directory}/cursor`);
  const state = found.kind === "valid" ? found.state : undefined;
  const listed = await listSegments(files, directory);
  const { list, surveys, cutOff, end } = await surveyPending(files, listed, state?.cursor ?? 0);
  const { cursor } = decideCursor({
    found,
    newestNoted: found.kind === "valid" ? undefined : await newestNoted(files, surveys),
    oldestBase: list.all.find((each) => !each.empty)?.base,
  });
  const pending = await countPending(files, list, cursor, surveys);
  const damaged = cutOff.report(new DamageLog(silentLog), list.all, cursor);
  add(pending, damaged.frames, damaged.bytes);
  return {
    cursor,
    end: Math.max(cursor, end),
    pendingFrames: pending.frames,
    pendingBytes: pending.bytes,
    oldestUs: pending.frames > 0 ? await new Arrivals(files, list).of(cursor) : undefined,
    journalBytes: await bytesOnDisk(files, listed),
    segments: listed.length,
    clean: state?.clean ?? (listed.length > 0 ? false : undefined),
    atRiskBytes: found.kind === "absent" && listed.length === 0 ? 0 : riskOf(found),
  };
}
