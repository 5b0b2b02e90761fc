/** Syncing, at a stop, what `sync = "os"` had left to the operating system. */
import { failedWith } from "../../../base/error.ts";
import { RESERVE_MS, type StopDeadline } from "../../../base/stop_deadline.ts";
import type { Segment } from "../segment/segment.ts";
import type { DirectoryJournalOptions } from "./options.ts";

/** Nobody should wait longer for a restart: after so long no further sync begins. One that has cannot be interrupted. */
const STOP_SYNC_MS = 1500;

/**
 * Syncs finished segments, the newest first: the kernel has had most of the time
 * to write the older ones. What is left after 1.5 s, or when the deadline calls,
 * stays with the kernel; a log line says so. Rejects if a sync fails.
 */
export async function syncSegments(
  options: DirectoryJournalOptions,
  segments: readonly Segment[],
  deadline?: StopDeadline,
): Promise<void> {
  const { files, clock, log, directory } = options;
  const untilMs = clock.monotonicMs() + Math.min(STOP_SYNC_MS, deadline?.leftMs(RESERVE_MS.sync) ?? STOP_SYNC_MS);
  for (let left = segments.length; left > 0; left--) {
    if (clock.monotonicMs() > untilMs) {
      log.info("finished segments are left for the operating system to write", { segments: left });
      break;
    }
    try {
      const file = await files.open(segments[left - 1].path, "update");
      await file.sync().finally(() => file.close());
    } catch (error) {
      // Delivered and unlinked meanwhile: nothing to sync any more.
      if (!failedWith(error, "ENOENT")) throw error;
    }
  }
  if (segments.length > 0) await files.syncDirectory(directory);
}
