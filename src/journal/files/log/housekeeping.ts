/**
 * The work behind the cursor: it is written down when it has changed, at most
 * every 100 ms, and after that delivered segments are unlinked. Appends and
 * deliveries do not wait for it. Failures are logged once and tried again.
 */
import { type Log, RecurringFailure } from "../../../base/log.ts";
import { RESERVE_MS, type StopDeadline } from "../../../base/stop_deadline.ts";
import type { SegmentList } from "../catalog/segment_list.ts";
import type { Unread } from "../../journal.ts";
import type { HousekeepingRequests } from "./housekeeping_requests.ts";
import { type RemovalHooks, type RemovalOptions, SegmentRemover } from "./remove_segments.ts";
import type { WrittenCursor } from "./written_cursor.ts";

const INTERVAL_MS = 100;

export interface HousekeepingOptions extends RemovalOptions {
  readonly log: Log;
}

export class Housekeeping {
  readonly #remover: SegmentRemover;
  readonly #failure: RecurringFailure;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  /** One pass or removal after the other. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly options: HousekeepingOptions,
    private readonly segments: SegmentList,
    private readonly state: WrittenCursor,
    private readonly requests: HousekeepingRequests,
    hooks: RemovalHooks,
  ) {
    this.#remover = new SegmentRemover(options, segments, state, hooks);
    this.#failure = new RecurringFailure(options, "journal_update_failed");
  }

  get cursor(): number {
    return this.state.cursor;
  }

  get unreadFrom(): number {
    return this.state.unreadFrom;
  }

  /** Writes the first, unclean state, and begins. */
  async start(): Promise<void> {
    await this.#inTurn(() => this.#pass(false));
    this.#running = this.#run();
  }

  /** Cheap; the writing happens later. */
  confirm(sequence: number, unread: Unread): void {
    const due = this.state.confirm(sequence, unread);
    if (due !== "no") this.requests.requestPass();
    if (due === "now") this.state.write().catch(() => {}); // the next pass tries again and logs the failure
  }

  /** See `Journal.boundRisk`. */
  async boundRisk(bytes: number): Promise<void> {
    this.state.riskBytes = bytes;
    try {
      await this.state.write();
    } catch (error) {
      // Tried again with the next pass.
      this.requests.requestPass();
      throw error;
    }
  }

  /**
   * As if an append had found no room, at once and in both stages: what is only
   * retained goes first, then what is kept for `rewind`. False if nothing was unlinked.
   */
  async unlinkRetained(): Promise<boolean> {
    const before = this.segments.length;
    for (let stage = 0; stage < 2 && this.#remover.hasDelivered && this.segments.length >= before; stage++) {
      await this.#inTurn(() => this.#pass(true));
    }
    return this.segments.length < before;
  }

  /**
   * Looks at what a compaction has made of delivered segments, so that their
   * sizes are right. Never rejects, and does not wait for a slow disk.
   */
  async followCompaction(): Promise<void> {
    if (!this.#remover.hasDelivered || this.segments.length < 2) return;
    await this.#remover.waitBriefly(this.#inTurn(() => this.#remover.followCompaction()));
  }

  /** Unlinks what is wholly below `sequence`, the newest segment excepted. */
  unlinkBelow(sequence: number): Promise<void> {
    return this.#inTurn(async () => {
      await this.state.write();
      await this.#remover.removeBelow(sequence);
    });
  }

  /** Stops and writes the last state, synced if that ends before the deadline. Rejects if it fails. */
  async close(clean: boolean, sync: { readonly deadline?: StopDeadline } | "unsynced" = {}): Promise<void> {
    this.#closing.abort();
    this.requests.close();
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

  /** While `close` waits for a disk that does not answer: what is not written by now stays unwritten. */
  abandon(): void {
    this.state.close();
  }

  async #run(): Promise<void> {
    const { clock } = this.options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.requests.wait(clock, this.#remover.nextExpiryMs);
      if (!signal.aborted) await clock.sleep(INTERVAL_MS, signal);
      if (!signal.aborted) await this.#inTurn(() => this.#pass(false));
    }
  }

  #inTurn<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(operation);
    this.#queue = result.catch(() => {});
    return result;
  }

  /** Never rejects: what fails is tried again with the next pass. */
  async #pass(isSpaceNeeded: boolean): Promise<void> {
    const needsSpace = this.requests.take().needsSpace || isSpaceNeeded;
    try {
      await this.state.write();
      if (!await this.#remover.removeDelivered(needsSpace)) this.#askAgain(needsSpace);
    } catch (error) {
      this.requests.requestPass();
      this.#failure.note(error);
    }
  }

  #askAgain(needsSpace: boolean): void {
    if (needsSpace) this.requests.requestSpace();
    else this.requests.requestPass();
  }
}
