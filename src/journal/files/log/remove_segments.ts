/**
 * Unlinks segments: delivered ones as retention allows, or those that are
 * dropped to make room. Each time the cursor is on disk before, so that after a
 * power loss it does not point below what is gone, and what a compaction has made
 * of the files is looked at first.
 */
import type { Clock } from "../../../base/clock.ts";
import type { File } from "../../../runtime/files.ts";
import type { SegmentList } from "../catalog/segment_list.ts";
import { waitForFilesLock } from "../directory/files_lock.ts";
import type { Segment } from "../segment/segment.ts";
import { unlinkIfThere } from "../segment/segment_files.ts";
import { JournalFullError, type SyncPolicy } from "../../journal.ts";
import { type DeliveredFilesOptions, refreshDelivered } from "./follow_compaction.ts";
import { planRetention, type RetentionPlan } from "./retention.ts";
import { asFull } from "./space.ts";
import type { WrittenCursor } from "./written_cursor.ts";

/** How long dropping segments waits for a compaction that replaces files; it may have been stopped in the middle. */
const FILES_LOCK_MS = 1000;
/** How long a status request waits for files.lock and the disk. */
const STATUS_WAIT_MAX_MS = 200;

export interface RemovalOptions extends DeliveredFilesOptions {
  readonly clock: Clock;
  readonly sync: SyncPolicy;
  /** Delivered bytes of frames that are kept for `rewind`. */
  readonly rewindBytes: number;
  readonly retainMs: number;
  readonly retainBytes: number;
}

/** What other parts of the journal do around a removal. */
export interface RemovalHooks {
  /**
   * Called while an append finds no room, with the cursor as it is on disk: may
   * make the newest segment one that can be unlinked. `mayTruncate`: nothing
   * else has helped.
   */
  readonly freeNewest: (cursor: number, mayTruncate: boolean) => Promise<void>;
  /** Called before a segment's file is unlinked: a file that a reader has open keeps its space. */
  readonly beforeUnlink: (segment: Segment) => void;
}

export class SegmentRemover {
  /**
   * What an append without room may cost next: what `retain` keeps, or if that
   * was not enough, what is kept for `rewind` too.
   */
  #mayFree: "retained" | "rewind" = "retained";
  #nextExpiryMs: number | undefined;

  constructor(
    private readonly options: RemovalOptions,
    private readonly segments: SegmentList,
    private readonly cursor: WrittenCursor,
    private readonly hooks: RemovalHooks,
  ) {}

  /** When the next retained segment's time is over, on the monotonic clock; undefined if none waits for that. */
  get nextExpiryMs(): number | undefined {
    return this.#nextExpiryMs;
  }

  /** Is there a segment that is wholly delivered? */
  get hasDelivered(): boolean {
    const oldest = this.segments.all[0];
    return oldest !== undefined && oldest.end <= this.cursor.cursor;
  }

  /**
   * Unlinks delivered segments, as far as the cursor file says that they are.
   * `needsSpace`: an append has found no room, so what is only retained goes too,
   * and at the next such call what is kept for `rewind`. False if a compaction
   * was replacing files, which takes moments.
   */
  async removeDelivered(needsSpace: boolean): Promise<boolean> {
    const mayFreeAll = needsSpace && this.#mayFree === "rewind";
    if (needsSpace) {
      if (this.options.sync !== "os") await this.cursor.sync();
      await this.hooks.freeNewest(this.cursor.written!.cursor, mayFreeAll);
    }
    if (this.#plan(needsSpace, mayFreeAll).unlink.length === 0) {
      this.#mayFree = needsSpace ? "rewind" : "retained";
      return true;
    }
    const before = this.segments.bytes;
    const isDone = await this.#withFilesLock(0, async () => {
      // Space that a compaction has made is tried first.
      if (needsSpace && this.segments.bytes < before) return;
      await this.#unlink(this.#plan(needsSpace, mayFreeAll).unlink);
    });
    if (isDone) this.#mayFree = "retained";
    return isDone;
  }

  /** Unlinks the segments that are wholly below `sequence`, delivered or not, the newest excepted. */
  async removeBelow(sequence: number): Promise<void> {
    await this.#withFilesLock(FILES_LOCK_MS, async () => {
      await this.#unlink(this.segments.all.slice(0, -1).filter((segment) => segment.end <= sequence));
    });
  }

  /** Looks at what a compaction has made of the delivered segments. Not while one replaces files. */
  async followCompaction(): Promise<void> {
    await this.#withFilesLock(0, () => Promise.resolve());
  }

  /** Resolves with `work`, whether or not that fails, or after 200 ms. */
  async waitBriefly(work: Promise<unknown>): Promise<void> {
    const over = new AbortController();
    await Promise.race([work.catch(() => {}), this.options.clock.sleep(STATUS_WAIT_MAX_MS, over.signal)]);
    over.abort();
  }

  #plan(needsSpace: boolean, mayFreeAll: boolean): RetentionPlan {
    const { clock, retainMs, retainBytes, rewindBytes } = this.options;
    const written = this.cursor.written!;
    const plan = planRetention({
      segments: this.segments.all,
      // What is kept for a new connection goes last.
      cursor: mayFreeAll ? written.cursor : written.cursor - written.unreadFrames,
      rewindBytes: mayFreeAll ? 0 : rewindBytes,
      retainMs: needsSpace ? 0 : retainMs,
      retainBytes,
      nowMs: clock.monotonicMs(),
    });
    this.#nextExpiryMs = plan.nextMs;
    return plan;
  }

  /**
   * Does `action` while no compaction replaces files, after a look at what one has
   * made of the delivered segments. False if files.lock was held for `waitMs` and
   * `waitMs` is 0; after a longer wait the action is done without it.
   */
  async #withFilesLock(waitMs: number, action: () => Promise<void>): Promise<boolean> {
    const { files, directory, clock } = this.options;
    let lock: File | undefined;
    try {
      lock = await waitForFilesLock(files, directory, clock, waitMs);
      if (lock === undefined && waitMs === 0) return false;
    } catch (error) {
      // If there is no room to create the lock file, no compaction has ever been; and the action makes room.
      if (!(asFull(error) instanceof JournalFullError)) throw error;
    }
    try {
      await refreshDelivered(this.options, this.segments, this.cursor.cursor);
      await action();
      return true;
    } finally {
      lock?.close();
    }
  }

  async #unlink(segments: readonly Segment[]): Promise<void> {
    const { files, sync } = this.options;
    if (sync !== "os") await this.cursor.sync();
    for (const segment of segments) {
      this.hooks.beforeUnlink(segment);
      await unlinkIfThere(files, segment.path);
      this.segments.retire(segment);
    }
  }
}
