/**
 * `journal.max_age`: pending frames that are too old are given up, as `skip`
 * does it, and counted as expired.
 *
 * The age of what this process has received is told by the monotonic clock: the
 * end of the log is noted at every look, and what was received before one of
 * long enough ago is too old, whatever the wall clock has done since. What an
 * earlier process has left has the times in its records, and nothing else.
 */
import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import { tally } from "../base/ledger.ts";
import type { Log } from "../base/log.ts";
import type { SkippedFrames } from "./skip.ts";
import type { Spool } from "./spool.ts";

/** It is looked at this often within `max_age`, within these limits. */
const LOOKS = 20;
const LOOK_MS_MIN = 50;
const LOOK_MS_MAX = 60_000;

/** While frames go on expiring, one line in this time says how many. */
const SAY_MS = 60_000;

/** What was received before `ms` on the monotonic clock is below `end`. */
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
  /** Ascending; the first is the newest of those that are old enough, if any is. */
  readonly #marks: Mark[] = [];
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #failure: string | undefined;
  /** Given up and not said yet, and when something was said last. */
  #unsaid = { from: 0, until: 0, ...tally() };
  #saidMs: number | undefined;

  constructor(private readonly options: ExpiryOptions) {
    this.#carriedUntil = options.spool.positions.end;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Resolves when nothing is given up any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    this.#say();
  }

  async #run(): Promise<void> {
    const { clock, maxAgeMs } = this.options;
    const everyMs = Math.min(Math.max(maxAgeMs / LOOKS, LOOK_MS_MIN), LOOK_MS_MAX);
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#look();
      await clock.sleep(everyMs, signal);
    }
  }

  async #look(): Promise<void> {
    const { spool, clock, log } = this.options;
    try {
      const until = await this.#expiredUntil();
      // Frames in flight may still be confirmed; if their connection is lost, the next look finds them.
      if (until > spool.positions.sent) this.#note(await spool.skipUntil(until, { reason: "expired" }));
      this.#failure = undefined;
    } catch (error) {
      const message = messageOf(error);
      if (this.#failure !== message) log.error("cannot give up expired frames, trying again", { error: message });
      this.#failure = message;
    }
    if (clock.monotonicMs() - (this.#saidMs ?? -SAY_MS) >= SAY_MS) this.#say();
  }

  /** Frames before this one are too old. */
  async #expiredUntil(): Promise<number> {
    const { spool, clock, maxAgeMs } = this.options;
    const { end } = spool.positions;
    const nowMs = clock.monotonicMs();
    this.#marks.push({ ms: nowMs, end });
    while (this.#marks.length > 1 && this.#marks[1].ms <= nowMs - maxAgeMs) this.#marks.shift();
    const oldest = this.#marks[0];
    // Where `drop-newest` has taken frames back there are fewer than were noted.
    if (oldest.ms <= nowMs - maxAgeMs) return Math.min(oldest.end, end);
    if (spool.confirmed >= this.#carriedUntil) return spool.confirmed;
    const cutoffUs = clock.wallUs() - maxAgeMs * 1000;
    const arrivedUs = await spool.backlog.oldestArrival();
    if (arrivedUs === undefined || arrivedUs >= cutoffUs) return spool.confirmed;
    return Math.min(this.#carriedUntil, await spool.backlog.firstSince(cutoffUs));
  }

  #note({ from, until, frames, bytes }: SkippedFrames): void {
    const unsaid = this.#unsaid;
    const first = unsaid.frames === 0 ? from : unsaid.from;
    this.#unsaid = { from: first, until, frames: unsaid.frames + frames, bytes: unsaid.bytes + bytes };
  }

  #say(): void {
    const { from, until, frames, bytes } = this.#unsaid;
    if (frames === 0) return;
    this.options.log.warn("frames were older than max_age and are given up", { from, until, frames, bytes });
    this.#unsaid = { from: 0, until: 0, ...tally() };
    this.#saidMs = this.options.clock.monotonicMs();
  }
}
