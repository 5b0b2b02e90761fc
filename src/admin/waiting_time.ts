/**
 * How long a pending frame has been waiting. A frame carries the wall clock's time
 * of its arrival, and that clock may be set while the frame waits. So the end of
 * what was received is noted every second together with the monotonic clock, and
 * these notes limit what follows from the frame's own time. Frames that an earlier
 * process has left have their own time alone.
 */
import type { Clock } from "../base/clock.ts";

/** The frames received by `ms` on the monotonic clock are those below `end`. */
interface Mark {
  readonly ms: number;
  readonly end: number;
}

/** More marks than this are thinned out: an age is then known to one hundredth. */
const MARKS_MAX = 1000;
const AGE_SHARE = 1 / 100;

export class WaitingTime {
  /** Ascending in both. */
  #marks: Mark[];

  /** Frames below `end` were left by an earlier process. */
  constructor(end: number, private readonly clock: Pick<Clock, "monotonicMs" | "wallUs">) {
    this.#marks = [{ ms: clock.monotonicMs(), end }];
  }

  /** To be called every second: the frames received by now are below `end`, and none below `cursor` is pending. */
  note(cursor: number, end: number): void {
    // `drop-newest` may have taken frames back: their sequences are given to others.
    this.#marks = this.#marks.map((mark) => mark.end > end ? { ...mark, end } : mark);
    this.#marks.push({ ms: this.clock.monotonicMs(), end });
    const done = this.#marks.findLastIndex((mark) => mark.end <= cursor);
    if (done > 0) this.#marks.splice(0, done);
    if (this.#marks.length > MARKS_MAX) this.#marks = thinned(this.#marks);
  }

  /** How long frame `sequence`, which arrived at `arrivedUs` by the wall clock (µs since 1970), has been waiting, in ms. */
  ofMs(sequence: number, arrivedUs: number): number {
    const nowMs = this.clock.monotonicMs();
    const before = this.#marks.findLast(({ end }) => end <= sequence);
    const after = this.#marks.find(({ end }) => end > sequence);
    const most = before === undefined ? Number.POSITIVE_INFINITY : nowMs - before.ms;
    const least = after === undefined ? 0 : nowMs - after.ms;
    return Math.min(most, Math.max(least, (this.clock.wallUs() - arrivedUs) / 1000));
  }
}

/** Removes marks whose neighbours are close enough to each other for their age; the first and the last one stay. */
function thinned(marks: readonly Mark[]): Mark[] {
  const last = marks[marks.length - 1];
  const kept = [marks[0]];
  for (let i = 1; i < marks.length - 1; i++) {
    const gapMs = marks[i + 1].ms - kept[kept.length - 1].ms;
    if (gapMs > (last.ms - marks[i].ms) * AGE_SHARE) kept.push(marks[i]);
  }
  return [...kept, last];
}
