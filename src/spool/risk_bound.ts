/**
 * The upper bound of the bytes that a crash may cost: bytes that are in memory
 * alone. The journal has it in writing before memory can come to hold as much, so
 * that the next start after `kill -9` never reports less than was lost.
 *
 * The bound rises in large steps, and the next step is written before the last
 * one is used up: readers seldom wait for it, and never for more than one small
 * write. It falls when less was held for some seconds, and to 0 as soon as
 * nothing is held.
 *
 * Every reader declares before each read what it holds and may fill; frames that
 * it hands on are counted by the spool instead. So between two reads memory
 * cannot hold more than the sum of both.
 */
import type { Clock } from "../base/clock.ts";
import { Condition } from "../base/condition.ts";
import { messageOf } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import { within } from "../base/stop_deadline.ts";
import type { Journal } from "../journal/journal.ts";

/** The lowest bound, and the factor from one step to the next. */
const STEP_BYTES = 64 * 1024;
const STEP_FACTOR = 4;
/** The next step is written when this share of the bound is used. */
const EARLY = 3 / 4;
/**
 * How long readers wait for a disk that does not answer; then they go on without
 * a bound, so that they are not held up.
 */
const WRITE_MS_MAX = 250;
/** The bound falls when a lower one would have been enough for this long. */
const CALM_MS = 5000;
/** It falls to 0 at most this often: producers may connect and disconnect all the time. */
const EMPTY_MS = 100;

export interface RiskBoundOptions {
  readonly journal: Pick<Journal, "boundRisk">;
  /** The bytes that the spool has in memory alone, at most. */
  readonly spool: { readonly atRiskBytesMax: number };
  /** Memory of the route, in bytes: the bound stops there, unless more is held all the same. */
  readonly maxBytes: number;
  /** The most bytes that the runtime reads ahead for all connections of the route together. */
  readonly readAheadBytesMax: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Bytes that a reader holds or may fill, and that the runtime reads ahead for it. */
interface HeldBytes {
  bytes: number;
  aheadBytes: number;
}

export class RiskBound {
  readonly #readers = new Map<object, HeldBytes>();
  /** All of them together. */
  readonly #held: HeldBytes = { bytes: 0, aheadBytes: 0 };
  /** As it is in writing; infinite while that cannot be done. */
  #bound = 0;
  /** When more than this is held the next step is written. */
  #raiseAbove = 0;
  /** The bound that was last given to the journal. */
  #asked = 0;
  /** The most that was held since the last time that `#watch` woke. */
  #peak = 0;
  /** The bound cannot be written: readers go on without it. */
  #failing = false;
  /** Is it about to fall to 0? */
  #emptying = false;
  #emptiedMs = Number.NEGATIVE_INFINITY;
  readonly #changed = new Condition();
  readonly #over = new AbortController();

  constructor(private readonly options: RiskBoundOptions) {}

  /** Begins to lower the bound where it may fall, until `stop`. */
  start(): void {
    this.#watch();
  }

  /** Nothing is read any more. `bytes` could not be appended, and are lost. */
  stop(bytes: number): void {
    if (this.#readers.size > 0) throw new Error(`${this.#readers.size} readers still hold memory at their end`);
    this.#over.abort();
    this.options.journal.boundRisk(bytes).catch(() => {}); // closing the journal tries again, and reports it
  }

  /**
   * `reader` holds or may fill `bytes` from now on, and `aheadBytes` are read ahead
   * for it. True if it may read now; else it has to wait for `covered`.
   */
  hold(reader: object, bytes: number, aheadBytes: number): boolean {
    if (this.#over.signal.aborted) throw new Error("a reader reads after the end of its route");
    let held = this.#readers.get(reader);
    if (held === undefined) this.#readers.set(reader, held = { bytes: 0, aheadBytes: 0 });
    this.#held.bytes += bytes - held.bytes;
    this.#held.aheadBytes += aheadBytes - held.aheadBytes;
    held.bytes = bytes;
    held.aheadBytes = aheadBytes;
    const risk = this.#risk;
    if (risk > this.#peak) this.#peak = risk;
    if (risk > this.#raiseAbove) this.#raise(risk);
    return risk <= this.#bound;
  }

  /** `reader` holds nothing any more. */
  release(reader: object): void {
    const held = this.#readers.get(reader);
    if (held === undefined) return;
    this.#held.bytes -= held.bytes;
    this.#held.aheadBytes -= held.aheadBytes;
    this.#readers.delete(reader);
    this.riskFell();
  }

  /** Less is held in memory alone, in the spool or by readers. */
  riskFell(): void {
    if (this.#readers.size === 0 && this.#asked > 0 && !this.#emptying && this.#risk === 0) this.#empty();
  }

  /** Resolves when the bound covers everything that is held, so that readers may read. */
  async covered(): Promise<void> {
    while (this.#risk > this.#bound) {
      this.#raise(this.#risk);
      await this.#changed.wait();
    }
  }

  get #risk(): number {
    const { spool, readAheadBytesMax } = this.options;
    return this.#held.bytes + Math.min(this.#held.aheadBytes, readAheadBytesMax) + spool.atRiskBytesMax;
  }

  #raise(risk: number): void {
    const step = this.#stepFor(risk);
    if (step > this.#asked) this.#ask(step);
  }

  #stepFor(risk: number): number {
    const { maxBytes } = this.options;
    let step = STEP_BYTES;
    while (step * EARLY < risk) step *= STEP_FACTOR;
    return step > maxBytes && risk <= maxBytes ? maxBytes : step;
  }

  async #ask(step: number): Promise<void> {
    this.#asked = step;
    const { clock, journal } = this.options;
    const written = journal.boundRisk(step).then(() => this.#written(step), (error) => this.#fail(messageOf(error)));
    if (!await within(clock, written, WRITE_MS_MAX)) this.#fail("the disk does not answer");
  }

  #written(step: number): void {
    // The route has stopped: nothing waits for the bound any more.
    if (this.#over.signal.aborted) return;
    if (!this.#failing) {
      if (step > this.#bound) this.#set(step);
      this.riskFell();
    } else if (step < this.#risk) {
      // More was held meanwhile.
      this.#ask(this.#stepFor(this.#risk));
    } else {
      this.#failing = false;
      this.#set(step);
      this.options.log.say("risk_written");
    }
  }

  #fail(error: string): void {
    if (this.#over.signal.aborted) return;
    if (!this.#failing) {
      this.options.log.say("risk_unwritten", { error });
    }
    this.#failing = true;
    this.#set(Number.POSITIVE_INFINITY);
  }

  #set(bound: number): void {
    this.#bound = bound;
    this.#raiseAbove = bound === this.options.maxBytes ? bound : bound * EARLY;
    this.#changed.notify();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#over;
    for (;;) {
      await this.options.clock.sleep(CALM_MS, signal);
      if (signal.aborted) return;
      const step = this.#stepFor(Math.max(this.#peak, this.#risk));
      this.#peak = this.#risk;
      if (this.#failing) this.#ask(step);
      else if (step < this.#bound && this.#asked === this.#bound) this.#lower(step);
    }
  }

  async #empty(): Promise<void> {
    const { clock } = this.options;
    this.#emptying = true;
    const waitMs = this.#emptiedMs + EMPTY_MS - clock.monotonicMs();
    if (waitMs > 0) await clock.sleep(waitMs, this.#over.signal);
    this.#emptying = false;
    const isSettled = !this.#over.signal.aborted && !this.#failing && this.#asked === this.#bound;
    if (!isSettled || this.#readers.size > 0 || this.#risk > 0) return;
    this.#emptiedMs = clock.monotonicMs();
    this.#lower(0);
  }

  #lower(step: number): void {
    this.#asked = step;
    this.#set(step);
    this.options.journal.boundRisk(step).catch(() => {}); // the bound in writing is higher, and still true
  }
}
