/**
 * Keeps what the cursor file says may be in memory alone ahead of what memory
 * can come to hold: the next start after `kill -9` never says that less is lost.
 *
 * The figure rises in large steps, and is asked for before the last step is used
 * up, so that readers seldom wait for it, and never for more than one small
 * write. It falls when little was held for some seconds, and to nothing as soon
 * as nobody holds anything.
 *
 * Every reader says before each read what it holds and may fill; frames that it
 * hands on are counted by the spool instead. So between two reads nothing can
 * grow beyond the sum of both.
 */
import type { Clock } from "../base/clock.ts";
import { Condition } from "../base/condition.ts";
import { messageOf } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import { within } from "../base/stop_deadline.ts";
import type { Journal } from "../journal/journal.ts";

/** The lowest figure, and how much higher the next one is. */
const STEP_BYTES = 64 * 1024;
const STEP_FACTOR = 4;
/** The next figure is asked for when so much of this one is used. */
const EARLY = 3 / 4;
/** Readers wait so long for a disk that takes no figure: memory is there to be filled while it does not. */
const PATIENCE_MS = 250;
/** The figure falls when less would have done for so long. */
const CALM_MS = 5000;
/** It falls to nothing so often at most: producers may come and go all the time. */
const EMPTY_MS = 100;

export interface RiskBoundOptions {
  readonly journal: Pick<Journal, "boundRisk">;
  /** What the spool has in memory alone, at most. */
  readonly spool: { readonly atRiskBytesMax: number };
  /** Memory of the route, in bytes: a higher figure says nothing new, unless more is held all the same. */
  readonly maxBytes: number;
  /** What the runtime reads ahead for all connections of the route together, at most. */
  readonly readAheadBytesMax: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a reader holds or may fill, and what the runtime reads ahead for it, in bytes. */
interface Held {
  bytes: number;
  aheadBytes: number;
}

export class RiskBound {
  readonly #readers = new Map<object, Held>();
  /** All of them together. */
  readonly #held: Held = { bytes: 0, aheadBytes: 0 };
  /** As the cursor file has it, or more if that cannot be written. */
  #bound = 0;
  /** Above this the next figure is asked for. */
  #early = 0;
  /** The highest that was asked for. */
  #asked = 0;
  /** The most there was since it was last looked at. */
  #most = 0;
  /** The disk does not take the figure: readers go on without it. */
  #failing = false;
  /** It is about to fall to nothing. */
  #emptying = false;
  #emptiedMs = Number.NEGATIVE_INFINITY;
  readonly #changed = new Condition();
  readonly #over = new AbortController();

  constructor(private readonly options: RiskBoundOptions) {}

  /** Begins to let the figure fall, until `stop`. */
  start(): void {
    this.#watch();
  }

  /** Nothing is read any more, and `bytes` are lost: they stay in memory alone. */
  stop(bytes: number): void {
    if (this.#readers.size > 0) throw new Error(`${this.#readers.size} readers still hold memory at their end`);
    this.#over.abort();
    this.options.journal.boundRisk(bytes).catch(() => {}); // closing the journal tries again, and says so
  }

  /** What `reader` holds or may fill from now on, and what is read ahead for it. May it read? */
  hold(reader: object, bytes: number, aheadBytes: number): boolean {
    if (this.#over.signal.aborted) throw new Error("a reader reads after the end of its route");
    let held = this.#readers.get(reader);
    if (held === undefined) this.#readers.set(reader, held = { bytes: 0, aheadBytes: 0 });
    this.#held.bytes += bytes - held.bytes;
    this.#held.aheadBytes += aheadBytes - held.aheadBytes;
    held.bytes = bytes;
    held.aheadBytes = aheadBytes;
    const risk = this.#risk;
    if (risk > this.#most) this.#most = risk;
    if (risk > this.#early) this.#raise(risk);
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

  /** The spool has less in memory alone, or readers have: perhaps nothing. */
  riskFell(): void {
    if (this.#readers.size === 0 && this.#asked > 0 && !this.#emptying && this.#risk === 0) this.#empty();
  }

  /** Resolves when it may. */
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
    if (!await within(clock, written, PATIENCE_MS)) this.#fail("the disk does not answer");
  }

  #written(step: number): void {
    // An answer that comes too late says nothing to anybody.
    if (this.#over.signal.aborted) return;
    if (!this.#failing) {
      if (step > this.#bound) this.#set(step);
      this.riskFell();
    } else if (step < this.#risk) {
      // Memory was filled meanwhile.
      this.#ask(this.#stepFor(this.#risk));
    } else {
      this.#failing = false;
      this.#set(step);
      this.options.log.info("what a crash may cost is written down again");
    }
  }

  #fail(error: string): void {
    if (this.#over.signal.aborted) return;
    if (!this.#failing) {
      this.options.log.warn("cannot write down what a crash may cost, the next start may say too little", { error });
    }
    this.#failing = true;
    this.#set(Number.POSITIVE_INFINITY);
  }

  #set(bound: number): void {
    this.#bound = bound;
    this.#early = bound === this.options.maxBytes ? bound : bound * EARLY;
    this.#changed.notify();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#over;
    for (;;) {
      await this.options.clock.sleep(CALM_MS, signal);
      if (signal.aborted) return;
      const step = this.#stepFor(Math.max(this.#most, this.#risk));
      this.#most = this.#risk;
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
    this.options.journal.boundRisk(step).catch(() => {}); // the file says more, which is no lie
  }
}
