/**
 * What goes on behind the cursor: it is written down when it has changed, at
 * most every 100 ms, and after that delivered segments are unlinked. Failures
 * are logged once and tried again; nobody waits for any of this.
 */
import type { Clock } from "../../../base/clock.ts";
import { messageOf } from "../../../base/error.ts";
import type { Log } from "../../../base/log.ts";
import { RESERVE_MS, type StopDeadline } from "../../../base/stop_deadline.ts";
import type { File } from "../../../runtime/files.ts";
import { type DeliveredFilesOptions, refreshDelivered } from "./follow_compaction.ts";
import { waitForFilesLock } from "../directory/files_lock.ts";
import { planRetention } from "./retention.ts";
import { asFull } from "./space.ts";
import type { Segment } from "../segment/segment.ts";
import type { SegmentList } from "../catalog/segment_list.ts";
import { unlinkIfThere } from "../segment/segment_files.ts";
import { JournalFullError, type SyncPolicy, type Unread } from "../../journal.ts";
import type { WrittenCursor } from "./written_cursor.ts";

const INTERVAL_MS = 100;
/** What must go now waits so long for a compaction that replaces files, and no longer: one that is stopped there. */
const FILES_LOCK_MS = 1000;
/** Who only wants to know waits no longer. */
const LOOK_MS = 200;

export interface HousekeepingOptions extends DeliveredFilesOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly sync: SyncPolicy;
  readonly rewindBytes: number;
  readonly retainMs: number;
  readonly retainBytes: number;
}

export class Housekeeping {
  /** An append found no room since the last pass. */
  #full = false;
  /** What may go then: what is retained, or if that was not enough, what is kept for `rewind` too. */
  #giveUp: "retained" | "rewind" = "retained";
  #due = false;
  #failure: string | undefined;
  readonly #closing = new AbortController();
  #wake = new AbortController();
  #nextMs: number | undefined;
  /**
   * Called while an append finds no room, when the cursor is on disk: may make
   * the newest segment one that can be unlinked. `desperate`: nothing else helps.
   */
  letGoOfNewest: (cursor: number, desperate: boolean) => Promise<void> = () => Promise.resolve();
  /** Called before a segment's file is unlinked: a file that somebody has open keeps its space. */
  onUnlink: (segment: Segment) => void = () => {};
  #running: Promise<void> | undefined;
  /** One pass after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly options: HousekeepingOptions,
    private readonly segments: SegmentList,
    private readonly state: WrittenCursor,
  ) {}

  get cursor(): number {
    return this.state.cursor;
  }

  get unreadFrom(): number {
    return this.state.unreadFrom;
  }

  /** Writes the first, unclean state, and begins. */
  async start(): Promise<void> {
    await this.#pass();
    this.#running = this.#run();
  }

  /** Cheap; the writing happens later. */
  confirm(sequence: number, unread: Unread): void {
    const due = this.state.confirm(sequence, unread);
    if (due !== "no") this.wake();
    if (due === "now") this.state.write().catch(() => {}); // the next pass tries again, and says so
  }

  /** See `Journal.boundRisk`. */
  async boundRisk(bytes: number): Promise<void> {
    this.state.riskBytes = bytes;
    try {
      await this.state.write();
    } catch (error) {
      // Tried again with the next pass.
      this.wake();
      throw error;
    }
  }

  /** Segments have changed. */
  wake(): void {
    if (this.#due) return;
    this.#due = true;
    this.#wake.abort();
  }

  /**
   * There was no room for an append: what is only retained goes first, and if
   * that is not enough, what is kept for `rewind`.
   */
  makeRoom(): void {
    this.#full = true;
    this.wake();
  }

  /** Like `makeRoom`, at once; false if nothing could be unlinked. */
  async unlinkRetained(): Promise<boolean> {
    const before = this.segments.length;
    for (let stage = 0; stage < 2 && this.#hasDelivered && this.segments.length >= before; stage++) {
      this.#full = true;
      await this.#pass();
    }
    return this.segments.length < before;
  }

  /**
   * Looks at what a compaction has made of delivered segments, so that their
   * sizes are right. Never rejects, and waits for no disk that is slow.
   */
  async followCompaction(): Promise<void> {
    if (!this.#hasDelivered || this.segments.length < 2) return;
    const looked = this.#inTurn(() => this.#withFiles(0, () => Promise.resolve())).catch(() => {});
    const over = new AbortController();
    await Promise.race([looked, this.options.clock.sleep(LOOK_MS, over.signal)]);
    over.abort();
  }

  /** Unlinks what is wholly below `sequence`, the newest segment excepted. */
  unlinkBelow(sequence: number): Promise<void> {
    return this.#inTurn(async () => {
      await this.state.write();
      await this.#withFiles(FILES_LOCK_MS, async () => {
        await this.#unlink(this.segments.all.slice(0, -1).filter((segment) => segment.end <= sequence));
      });
    });
  }

  /** Stops and writes the last state, synced if that ends before the deadline. Rejects if it fails. */
  async close(clean: boolean, sync: { readonly deadline?: StopDeadline } | "unsynced" = {}): Promise<void> {
    this.#closing.abort();
    this.#wake.abort();
    await this.#running;
    try {
      await this.state.write(clean && this.state.riskBytes === 0);
      if (sync === "unsynced") return;
      const synced = this.state.sync();
      await (sync.deadline?.inTime(synced, RESERVE_MS.cursor) ?? synced);
    } finally {
      this.state.close();
    }
  }

  /** `close` waits for a disk that does not answer: what it has not written by now stays unwritten. */
  letGo(): void {
    this.state.close();
  }

  async #run(): Promise<void> {
    const { clock } = this.options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      if (!this.#due) await this.#idle();
      if (!signal.aborted) await clock.sleep(INTERVAL_MS, signal);
      if (!signal.aborted) await this.#pass();
    }
  }

  /** Until something has changed or a retained segment's time is over. */
  async #idle(): Promise<void> {
    const { signal } = this.#wake = new AbortController();
    if (this.#closing.signal.aborted) return;
    if (this.#nextMs === undefined) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    } else {
      await this.options.clock.sleep(Math.max(0, this.#nextMs - this.options.clock.monotonicMs()), signal);
    }
  }

  get #hasDelivered(): boolean {
    const oldest = this.segments.all[0];
    return oldest !== undefined && oldest.end <= this.cursor;
  }

  #inTurn<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(operation);
    this.#turn = result.catch(() => {});
    return result;
  }

  #pass(): Promise<void> {
    return this.#inTurn(() => this.#passNow());
  }

  async #passNow(): Promise<void> {
    this.#due = false;
    try {
      await this.state.write();
      await this.#unlinkDelivered();
      this.#failure = undefined;
    } catch (error) {
      this.#due = true;
      const message = messageOf(error);
      if (this.#failure !== message) this.options.log.error("cannot update the journal", { error: message });
      this.#failure = message;
    }
  }

  async #unlinkDelivered(): Promise<void> {
    const { clock, sync, retainMs, retainBytes, rewindBytes } = this.options;
    const full = this.#full;
    this.#full = false;
    if (full) {
      if (sync !== "os") await this.state.sync();
      await this.letGoOfNewest(this.state.written!.cursor, this.#giveUp === "rewind");
    }
    const forRewind = full && this.#giveUp === "rewind";
    const plan = () => {
      const written = this.state.written!;
      return planRetention({
        segments: this.segments.all,
        // What is kept for a new connection goes last.
        cursor: forRewind ? written.cursor : written.cursor - written.unreadFrames,
        rewindBytes: forRewind ? 0 : rewindBytes,
        retainMs: full ? 0 : retainMs,
        retainBytes,
        nowMs: clock.monotonicMs(),
      });
    };
    const { unlink, nextMs } = plan();
    this.#nextMs = nextMs;
    if (unlink.length === 0) {
      this.#giveUp = full ? "rewind" : "retained";
      return;
    }
    const before = this.segments.bytes;
    const done = await this.#withFiles(0, async () => {
      // Room that a compaction has made is tried first.
      if (full && this.segments.bytes < before) return;
      const now = plan();
      this.#nextMs = now.nextMs;
      await this.#unlink(now.unlink);
    });
    if (done) {
      this.#giveUp = "retained";
    } else {
      // A compaction is just replacing files, which takes moments.
      this.#due = true;
      this.#full ||= full;
    }
  }

  /**
   * Looks at what a compaction has made of the delivered segments, and does
   * `action` while none replaces them; false if that was so for `waitMs`.
   */
  async #withFiles(waitMs: number, action: () => Promise<void>): Promise<boolean> {
    const { files, directory, clock } = this.options;
    let lock: File | undefined;
    try {
      lock = await waitForFilesLock(files, directory, clock, waitMs);
      if (lock === undefined && waitMs === 0) return false;
    } catch (error) {
      // Where there is no room to create it, no compaction has ever been; and what is to go makes room.
      if (!(asFull(error) instanceof JournalFullError)) throw error;
    }
    try {
      await refreshDelivered(this.options, this.segments, this.cursor);
      await action();
      return true;
    } finally {
      lock?.close();
    }
  }

  /** The cursor first: after a power loss it must not point below what is gone. */
  async #unlink(segments: readonly Segment[]): Promise<void> {
    const { files, sync } = this.options;
    if (sync !== "os") await this.state.sync();
    for (const segment of segments) {
      this.onUnlink(segment);
      await unlinkIfThere(files, segment.path);
      this.segments.retire(segment);
    }
  }
}
