/**
 * The recorded pace: when each record is due, on the monotonic clock, counted from
 * the first frame that was sent. Due times are sums of recorded gaps, never of
 * time that was slept, so that delays do not add up.
 */
import type { Clock } from "../base/clock.ts";

export interface Pace {
  /** 2 = twice as fast as recorded. */
  readonly speed: number;
  /** Longer gaps count as this, in ms as recorded; Infinity: no gap is shortened. */
  readonly maxGapMs: number;
}

/** When records are due at a pace, in ms after the first one. Takes their times in order. */
export class Schedule {
  #previousUs: number | undefined;
  #offsetMs = 0;

  constructor(private readonly pace: Pace) {}

  /** Times that go back in the recording count as no gap. */
  next(timeUs: number): number {
    const gapMs = Math.max(0, timeUs - (this.#previousUs ?? timeUs)) / 1000;
    this.#previousUs = timeUs;
    return this.#offsetMs += Math.min(gapMs, this.pace.maxGapMs) / this.pace.speed;
  }
}

export class Pacer {
  #schedule: Schedule;
  #startMs: number | undefined;

  constructor(private readonly clock: Clock, private readonly pace: Pace) {
    this.#schedule = new Schedule(pace);
  }

  /** The next record is due at once and later ones relative to it: nothing is caught up after a lost connection. */
  restart(): void {
    this.#schedule = new Schedule(this.pace);
    this.#startMs = undefined;
  }

  /** When a record is due, in ms on the monotonic clock. To be called once for each, in order. */
  dueMs(timeUs: number): number {
    this.#startMs ??= this.clock.monotonicMs();
    return this.#startMs + this.#schedule.next(timeUs);
  }
}
