/**
 * `journal.max_age`: pending frames that are too old are dropped, as `skip` does
 * it, and counted as expired.
 *
 * For frames that this process has received, age is measured on the monotonic
 * clock: each check notes the sequence of the next frame to be received, and
 * frames before a sequence that was noted long enough ago are too old, whatever
 * has been done to the wall clock since. For frames that an earlier process has
 * left, the times in their records are all there is.
 */
import type { Clock } from "../base/clock.ts";
import { tally } from "../base/ledger.ts";
import { type Log, RecurringFailure } from "../base/log.ts";
import type { SkippedFrames } from "./skip.ts";
import type { Spool } from "./spool.ts";

/** How often frames are checked within `max_age`, within these limits. */
const CHECKS = 20;
const CHECK_MS_MIN = 50;
const CHECK_MS_MAX = 60_000;

/** While frames expire again and again, one log line in this time sums them up. */
const LOG_MS = 60_000;

/** Frames received before `ms` on the monotonic clock are below sequence `end`. */
interface Mark {
  readonly ms: number;
  readonly end: number;
}

export interface ExpiryOptions {
  readonly spool: Spool;
  readonly clock: Clock;
  readonly log: Log;
  /** Above 0. */
  readonly maxAgeMs: number;
}

export class Expiry {
  /** Frames below this one were left by an earlier process. */
  readonly #carriedUntil: number;
  /** Ascending; the first is the newest one that is old enough, if any is. */
  readonly #marks: Mark[] = [];
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  readonly #failure: RecurringFailure;
  /** What was dropped and is not logged yet, and when the last line was logged. */
  #unlogged = { from: 0, until: 0, ...tally() };
  #loggedMs: number | undefined;

  constructor(private readonly options: ExpiryOptions) {
    this.#carriedUntil = options.spool.positions.end;
    this.#failure = new RecurringFailure(options, "expiry_failed");
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Resolves when nothing is dropped any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    this.#logSum();
  }

  async #run(): Promise<void> {
    const { clock, maxAgeMs } = this.options;
    const everyMs = Math.min(Math.max(maxAgeMs / CHECKS, CHECK_MS_MIN), CHECK_MS_MAX);
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#check();
      await clock.sleep(everyMs, signal);
    }
  }

  async #check(): Promise<void> {
    const { spool, clock } = this.options;
    try {
      const until = await this.#expiredUntil();
      // Frames in flight may still be confirmed; if their connection is lost, the next check finds them.
      if (until > spool.positions.sent) this.#note(await spool.skipUntil(until, { reason: "expired" }));
    } catch (error) {
      this.#failure.note(error);
    }
    if (clock.monotonicMs() - (this.#loggedMs ?? -LOG_MS) >= LOG_MS) this.#logSum();
  }

  /** Frames before this one are too old. */
  async #expiredUntil(): Promise<number> {
    const { spool, clock, maxAgeMs } = this.options;
    const { end } = spool.positions;
    const nowMs = clock.monotonicMs();
    this.#marks.push({ ms: nowMs, end });
    while (this.#marks.length > 1 && this.#marks[1].ms <= nowMs - maxAgeMs) this.#marks.shift();
    const oldest = this.#marks[0];
    // Where `drop-newest` has taken frames back, fewer have been received than were noted.
    if (oldest.ms <= nowMs - maxAgeMs) return Math.min(oldest.end, end);
    if (spool.confirmed >= this.#carriedUntil) return spool.confirmed;
    const cutoffUs = clock.wallUs() - maxAgeMs * 1000;
    const arrivedUs = await spool.backlog.oldestArrival();
    if (arrivedUs === undefined || arrivedUs >= cutoffUs) return spool.confirmed;
    return Math.min(this.#carriedUntil, await spool.backlog.firstSince(cutoffUs));
  }

  #note({ from, until, frames, bytes }: SkippedFrames): void {
    const unlogged = this.#unlogged;
    const first = unlogged.frames === 0 ? from : unlogged.from;
    this.#unlogged = { from: first, until, frames: unlogged.frames + frames, bytes: unlogged.bytes + bytes };
  }

  #logSum(): void {
    const { from, until, frames, bytes } = this.#unlogged;
    if (frames === 0) return;
    this.options.log.say("frames_expired", { from, until, frames, bytes });
    this.#unlogged = { from: 0, until: 0, ...tally() };
    this.#loggedMs = this.options.clock.monotonicMs();
  }
}
