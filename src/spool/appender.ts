/**
 * Appends frames of the window to the journal, in order, while the spool is
 * appending. One append is under way at a time; what arrives meanwhile makes up
 * the next one, so a slow disk gets larger appends, and with `sync = "each"` many
 * frames share one sync.
 *
 * A full or failing disk is a state: it is logged once and tried again until it
 * works. Meanwhile the frames wait in memory, from where they can still be sent.
 */
import type { Clock } from "../base/clock.ts";
import { messageOf, SystemError } from "../base/error.ts";
import type { Ledger } from "../base/ledger.ts";
import type { Log } from "../base/log.ts";
import { type Run, runBytes, runEnd } from "../base/run.ts";
import { RESERVE_MS, type StopDeadline, within } from "../base/stop_deadline.ts";
import { type Journal, JournalFullError } from "../journal/journal.ts";
import type { WhenFull } from "./overload.ts";
import type { Spool } from "./spool.ts";

/** Bytes of one append at most, one larger run apart: more than comes in during one turn of the event loop. */
const APPEND_BYTES = 2 * 1024 * 1024 - 64 * 1024;

/** How often a failed append is tried again. */
const RETRY_MS = 250;

/** After the deadline of a stop, a disk that takes nothing for this long is given up. */
const SILENT_MS = 1000;

/** Frames [first, until) that are in memory alone. */
export interface Unappended {
  readonly first: number;
  readonly until: number;
  readonly bytes: number;
  /** Why the last append failed. */
  readonly reason: string;
}

export interface AppenderOptions {
  readonly spool: Spool;
  readonly journal: Journal;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly clock: Clock;
  readonly whenFull: WhenFull;
}

export class Appender {
  /** The kind of failure, so that it is logged once; undefined while appends succeed. */
  #failing: string | undefined;
  /** Why the last append that failed has failed. */
  #reason = "unknown";
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  /** The `finish` that is under way. */
  #finishing: Promise<void> | undefined;
  /** The journal's end when `finish` last began to wait for an append. */
  #stuckAt: number | undefined;

  constructor(private readonly options: AppenderOptions) {}

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
    this.options.spool.appendable.notify();
    this.#finishing ??= this.#appendRest().finally(() => this.#finishing = undefined);
    if (deadline === undefined) await this.#finishing;
    else if (!await this.#whileItAppends(this.#finishing, deadline)) this.#reason = "the disk does not answer";
    return this.#unappended();
  }

  /** Waits for `work`. Resolves to false if nothing is appended until the deadline, or for a second after it. */
  async #whileItAppends(work: Promise<void>, deadline: StopDeadline): Promise<boolean> {
    const { journal, clock } = this.options;
    while (this.#stuckAt !== journal.end) {
      this.#stuckAt = journal.end;
      if (!await within(clock, work, Math.max(deadline.leftMs(RESERVE_MS.sync), SILENT_MS))) continue;
      this.#stuckAt = undefined;
      return true;
    }
    return false;
  }

  async #appendRest(): Promise<void> {
    await this.#running;
    this.options.spool.state.spill("stopping");
    while (this.#isDue) {
      if (await this.#appendOnce(true)) continue;
      // The failed try may have dropped what was left, or made room; or the journal continues in a new segment.
      if (!this.#isDue || await this.#appendOnce(true)) continue;
      return;
    }
  }

  #unappended(): Unappended | undefined {
    const { window, appendFrom, confirmed } = this.options.spool;
    const first = Math.max(appendFrom, confirmed);
    // What is left may be confirmed, and kept for `rewind` alone.
    if (first >= window.end) return undefined;
    const bytes = window.endOffset - window.exactOffsetOf(first);
    return { first, until: window.end, bytes, reason: this.#reason };
  }

  async #run(): Promise<void> {
    const { spool, clock } = this.options;
    while (!this.#stopping.signal.aborted) {
      if (!spool.state.appending || !this.#isDue) {
        // If appends had failed, what could not be appended was delivered or dropped instead.
        this.#recovered("journal_not_needed");
        await spool.appendable.wait();
      } else if (!await this.#appendOnce(false)) {
        await clock.sleep(RETRY_MS, this.#stopping.signal);
      }
    }
  }

  /** Is something to be appended? */
  get #isDue(): boolean {
    const { appendFrom, window } = this.options.spool;
    return appendFrom < window.end;
  }

  /** Appends the next runs; false if that failed. */
  async #appendOnce(last: boolean): Promise<boolean> {
    const { spool, journal } = this.options;
    const runs = spool.beginAppend(APPEND_BYTES);
    const before = journal.end;
    try {
      await (last ? journal.appendLast(runs) : journal.append(runs));
      this.#recovered("journal_recovered");
      return true;
    } catch (error) {
      if (await this.#madeRoom(error)) return true;
      this.#failed(error);
      return false;
    } finally {
      this.#count(runs, before);
      for (const run of runs) run.buffer.release();
      spool.endAppend();
    }
  }

  /** Tries to make room. What is kept for `retain` or `rewind` alone goes before anything is held up or dropped. */
  async #madeRoom(error: unknown): Promise<boolean> {
    if (!(error instanceof JournalFullError)) return false;
    const { spool, whenFull, journal } = this.options;
    try {
      if (spool.dropped.inProgress === undefined && await journal.freeRetained()) return true;
      return whenFull === "drop-oldest" && await spool.dropOldest();
    } catch (failure) {
      this.#failed(failure);
      return false;
    }
  }

  /** Counts what was appended, also of an append that failed: the journal's end tells how far it got. */
  #count(runs: readonly Run[], before: number): void {
    const { journal, ledger } = this.options;
    for (const run of runs) {
      if (run.first >= before && runEnd(run) <= journal.end) ledger.spill(run.frames, runBytes(run));
    }
  }

  #failed(error: unknown): void {
    const message = messageOf(error);
    const { spool, log } = this.options;
    spool.appendFailed(message);
    this.#reason = message;
    // The figures in a message change from try to try; the state is the same.
    const state = error instanceof JournalFullError ? "full" : error instanceof SystemError ? error.code : message;
    if (this.#failing === state) return;
    this.#failing = state;
    const fields = { error: message, retry_ms: RETRY_MS };
    if (error instanceof JournalFullError) log.say("journal_full", fields);
    else log.say("append_failed", fields);
  }

  #recovered(event: "journal_recovered" | "journal_not_needed"): void {
    if (this.#failing === undefined) return;
    this.#failing = undefined;
    const { spool, log } = this.options;
    log.say(event);
    spool.overload.recovered();
  }
}
