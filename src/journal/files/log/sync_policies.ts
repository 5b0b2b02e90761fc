/**
 * When appended frames are synced where an append does not wait for it: with
 * `sync = "interval"` a while later, with `"os"` at a clean stop.
 */
import { failedWith, messageOf } from "../../../base/error.ts";
import { RESERVE_MS, type StopDeadline } from "../../../base/stop_deadline.ts";
import type { Condition } from "../../../base/condition.ts";
import type { Segment } from "../segment/segment.ts";
import type { DirectoryJournalOptions } from "./options.ts";

/** What is appended to, and may have frames that no sync has covered. */
export interface SyncedLog {
  /** Notified after each append. */
  readonly appended: Condition;
  readonly dirty: boolean;
  sync(): Promise<void>;
}

/** `sync = "interval"`: one sync at a time, `syncIntervalMs` after an append, and none while nothing is appended. */
export class IntervalSync {
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;

  constructor(private readonly options: DirectoryJournalOptions, private readonly log: SyncedLog) {
    this.#running = this.#run();
  }

  /** Resolves once no sync is under way any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.log.appended.notify();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, syncIntervalMs, log } = this.options;
    const { signal } = this.#stopping;
    let failure: string | undefined;
    while (!signal.aborted) {
      if (!this.log.dirty) await this.log.appended.wait();
      await clock.sleep(syncIntervalMs, signal);
      if (signal.aborted) return;
      try {
        await this.log.sync();
        failure = undefined;
      } catch (error) {
        const message = messageOf(error);
        if (message !== failure) log.say("sync_failed", { error: message });
        failure = message;
      }
    }
  }
}

/** After this time no further sync begins, so that a restart is not delayed longer; a running one cannot be interrupted. */
const STOP_SYNC_MS = 1500;

/**
 * Syncs finished segments, the newest first: the kernel has had more time to write
 * the older ones. Segments that are left after 1.5 s, or at the deadline, are left
 * to the kernel, which is logged. Rejects if a sync fails.
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
      log.say("sync_left", { segments: left });
      break;
    }
    try {
      const file = await files.open(segments[left - 1].path, "update");
      await file.sync().finally(() => file.close());
    } catch (error) {
      // It was delivered and unlinked meanwhile.
      if (!failedWith(error, "ENOENT")) throw error;
    }
  }
  if (segments.length > 0) await files.syncDirectory(directory);
}
