/**
 * How long a pending frame has been waiting. Frames carry the time of the wall
 * clock, which may be set while they wait. So the end of what was received is
 * noted again and again beside the monotonic clock, and that bounds what the
 * frame's own time says. What an earlier process has left has nothing else.
 */
import type { Clock } from "../base/clock.ts";

/** What was received by `ms` on the monotonic clock is below `end`. */
interface Mark {
  readonly ms: number;
  readonly end: number;
}

/** When there are more they are thinned out: to a hundredth of an age is near enough. */
const MARKS_MAX = 1000;
const AGE_SHARE = 1 / 100;

export class WaitingTime {
  /** Ascending in both. */
  #marks: Mark[];

  /** Frames below `end` were left by an earlier process. */
  constructor(end: number, private readonly clock: Pick<Clock, "monotonicMs" | "wallUs">) {
    this.#marks = [{ ms: clock.monotonicMs(), end }];
  }

  /** To be called every second: what is received by now is below `end`, and nothing below `cursor` is pending. */
  note(cursor: number, end: number): void {
    // Where `drop-newest` has taken frames back, their sequences are free for others.
    this.#marks = this.#marks.map((mark) => mark.end > end ? { ...mark, end } : mark);
    this.#marks.push({ ms: this.clock.monotonicMs(), end });
    const settled = this.#marks.findLastIndex((mark) => mark.end <= cursor);
    if (settled > 0) this.#marks.splice(0, settled);
    if (this.#marks.length > MARKS_MAX) this.#marks = thinned(this.#marks);
  }

  /** In ms, of a frame that arrived at `arrivedUs` by the wall clock (µs since 1970). */
  ofMs(sequence: number, arrivedUs: number): number {
    const nowMs = this.clock.monotonicMs();
    const before = this.#marks.findLast(({ end }) => end <= sequence);
    const after = this.#marks.find(({ end }) => end > sequence);
    const most = before === undefined ? Number.POSITIVE_INFINITY : nowMs - before.ms;
    const least = after === undefined ? 0 : nowMs - after.ms;
    return Math.min(most, Math.max(least, (this.clock.wallUs() - arrivedUs) / 1000));
  }
}

/** Without those whose neighbours are as near to each other as their age allows; both ends stay. */
function thinned(marks: readonly Mark[]): Mark[] {
  const last = marks[marks.length - 1];
  const kept = [marks[0]];
  for (let i = 1; i < marks.length - 1; i++) {
    const gapMs = marks[i + 1].ms - kept[kept.length - 1].ms;
    if (gapMs > (last.ms - marks[i].ms) * AGE_SHARE) kept.push(marks[i]);
  }
  return [...kept, last];
}
