/**
 * The recorded pace: when each record is due, on the monotonic clock, counted
 * from the first frame that was sent. Due times add up what was recorded, never
 * what was slept, so that errors do not add up.
 */
import type { Clock } from "../base/clock.ts";

export interface Pace {
  /** 2 = twice as fast as recorded. */
  readonly speed: number;
  /** No gap counts for more than this, in ms as recorded; Infinity: each for what it is. */
  readonly maxGapMs: number;
}

/** How long records take at a pace, in ms from the first. Give it their times in order. */
export class Schedule {
  #previousUs: number | undefined;
  #offsetMs = 0;

  constructor(private readonly pace: Pace) {}

  /** A clock that was set back in the recording makes no gap, and none that is below zero. */
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

  /** The next record is due at once and those after it in relation to it: after a lost connection nothing has to be caught up. */
  restart(): void {
    this.#schedule = new Schedule(this.pace);
    this.#startMs = undefined;
  }

  /** When a record is due, in ms on the monotonic clock. Ask once for each, in order. */
  dueMs(timeUs: number): number {
    this.#startMs ??= this.clock.monotonicMs();
    return this.#startMs + this.#schedule.next(timeUs);
  }
}
