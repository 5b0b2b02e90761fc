/**
 * Moves frames from the window to the journal, in order, while the spool is
 * appending. One append is under way at a time; what arrives meanwhile makes
 * up the next one, so a slow disk means larger appends, and with
 * `sync = "each"` many frames share one sync.
 *
 * A full or failing disk is a state: it is logged once, tried again until it
 * works, and the frames wait in memory, where they can still be sent.
 */
import type { Clock } from "../base/clock.ts";
import { messageOf, SystemError } from "../base/error.ts";
import { type Run, runBytes, runEnd } from "../base/run.ts";
import { RESERVE_MS, type StopDeadline, within } from "../base/stop_deadline.ts";
import { JournalFullError } from "../journal/journal.ts";
import { dropOldest } from "./drop_oldest.ts";
import type { Spool } from "./spool.ts";

/** Bytes of one append at most, one larger run apart: what comes in while the event loop turns once, and more. */
const APPEND_BYTES = 2 * 1024 * 1024 - 64 * 1024;

/** How often a failed append is tried again. */
const RETRY_MS = 250;

/** After the deadline of a stop, a disk that takes nothing for so long is given up. */
const SILENT_MS = 1000;

/** Frames [first, until) that are in memory alone. */
export interface Unappended {
  readonly first: number;
  readonly until: number;
  readonly bytes: number;
  /** Why the last append failed. */
  readonly reason: string;
}

export class Appender {
  /** What is wrong, in a word; undefined while appends succeed. */
  #failing: string | undefined;
  /** Why the last append that failed did. */
  #reason = "unknown";
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  /** A `finish` is under way. */
  #finishing: Promise<void> | undefined;
  /** How far the journal was when that was last waited for. */
  #stuckAt: number | undefined;

  constructor(private readonly spool: Spool, private readonly clock: Clock) {}

  start(): void {
    this.#running = this.#run();
  }

  /**
   * For a clean stop, when nothing is received any more: appends all that is
   * unconfirmed. A disk that goes on taking frames is waited for beyond the
   * deadline, since they would be lost; one that takes none is not. May be called
   * again. Returns the frames that could not be appended and are not confirmed, if any.
   */
  async finish(deadline?: StopDeadline): Promise<Unappended | undefined> {
    this.#stopping.abort();
    this.spool.appendable.notify();
    this.#finishing ??= this.#appendRest().finally(() => this.#finishing = undefined);
    if (deadline === undefined) await this.#finishing;
    else if (!await this.#whileItAppends(this.#finishing, deadline)) this.#reason = "the disk does not answer";
    return this.#unappended();
  }

  /** Resolves with false where nothing was appended until the deadline, or for a second after it. */
  async #whileItAppends(work: Promise<void>, deadline: StopDeadline): Promise<boolean> {
    const { journal } = this.spool.options;
    while (this.#stuckAt !== journal.end) {
      this.#stuckAt = journal.end;
      if (!await within(this.clock, work, Math.max(deadline.leftMs(RESERVE_MS.sync), SILENT_MS))) continue;
      this.#stuckAt = undefined;
      return true;
    }
    return false;
  }

  async #appendRest(): Promise<void> {
    await this.#running;
    const { spool } = this;
    spool.spill("stopping");
    while (spool.appendFrom < spool.window.end) {
      if (await this.#appendOnce(true)) continue;
      // That may have dropped what was left, or made room; or the journal goes on in a new segment.
      if (spool.appendFrom >= spool.window.end || await this.#appendOnce(true)) continue;
      return;
    }
  }

  #unappended(): Unappended | undefined {
    const { window, appendFrom, confirmed } = this.spool;
    const first = Math.max(appendFrom, confirmed);
    // What is left may have been confirmed, and kept for `rewind` alone.
    if (first >= window.end) return undefined;
    const bytes = window.endOffset - window.exactOffsetOf(first);
    return { first, until: window.end, bytes, reason: this.#reason };
  }

  async #run(): Promise<void> {
    const { spool } = this;
    while (!this.#stopping.signal.aborted) {
      if (!spool.appending || spool.appendFrom >= spool.window.end) {
        // What could not be appended was delivered or dropped instead: that is room too.
        this.#recovered("nothing waits for the journal any more");
        await spool.appendable.wait();
      } else if (!await this.#appendOnce(false)) {
        await this.clock.sleep(RETRY_MS, this.#stopping.signal);
      }
    }
  }

  /** Appends the next runs; false if that failed. */
  async #appendOnce(last: boolean): Promise<boolean> {
    const { spool } = this;
    const { journal } = spool.options;
    const runs = spool.window.collect(spool.appendFrom, APPEND_BYTES);
    const before = journal.end;
    spool.appendTaken = runEnd(runs[runs.length - 1]!);
    try {
      await (last ? journal.appendLast(runs) : journal.append(runs));
      this.#recovered("the journal takes frames again");
      return true;
    } catch (error) {
      if (await this.#madeRoom(error)) return true;
      this.#failed(error);
      return false;
    } finally {
      this.#count(runs, before);
      for (const run of runs) run.buffer.release();
      spool.onAppended(journal.end);
      spool.settled();
      spool.sendable.notify();
    }
  }

  /** What is only kept, for `retain` or `rewind`, goes before anything is held up or dropped. */
  async #madeRoom(error: unknown): Promise<boolean> {
    if (!(error instanceof JournalFullError)) return false;
    const { whenFull, journal } = this.spool.options;
    try {
      if (this.spool.passing === undefined && await journal.freeRetained()) return true;
      return whenFull === "drop-oldest" && await dropOldest(this.spool);
    } catch (failure) {
      this.#failed(failure);
      return false;
    }
  }

  /** However an append ended, the journal's end says how far it got. */
  #count(runs: readonly Run[], before: number): void {
    const { journal, ledger } = this.spool.options;
    for (const run of runs) {
      if (run.first >= before && runEnd(run) <= journal.end) ledger.spill(run.frames, runBytes(run));
    }
  }

  #failed(error: unknown): void {
    const message = messageOf(error);
    this.spool.appendFailed(message);
    this.#reason = message;
    // The figures in a message change from try to try; the state is the same.
    const state = error instanceof JournalFullError ? "full" : error instanceof SystemError ? error.code : message;
    if (this.#failing === state) return;
    this.#failing = state;
    const { log } = this.spool.options;
    const fields = { error: message, retry_ms: RETRY_MS };
    if (error instanceof JournalFullError) log.warn("the journal has no room, frames wait in memory", fields);
    else log.error("cannot append to the journal, frames wait in memory", fields);
  }

  #recovered(because: string): void {
    if (this.#failing === undefined) return;
    this.#failing = undefined;
    this.spool.options.log.info(because);
    this.spool.overload.recovered();
  }
}
