/** A batch of which some has been handed out: the rest goes in pieces, as its runs are due. */
import { skipFrames } from "../framing/skip.ts";
import type { FramePiece, FrameRun } from "../spool/frame_feed.ts";
import type { Batch } from "./batch_feed.ts";
import type { Pacer } from "./pacer.ts";

export class PartialBatch {
  #index = 0;
  /** When the next run is due; undefined: not asked yet. */
  #dueMs: number | undefined;

  /** Without a `pacer` everything is due at once. Takes over one hold on the batch's buffer. */
  constructor(private readonly batch: Batch, private readonly pacer: Pacer | undefined) {}

  /** Nothing is left. */
  get isEmpty(): boolean {
    return this.#index === this.batch.runs.length;
  }

  /** When the next run is due, on the monotonic clock, as far as it has been asked for. */
  get dueMs(): number {
    return this.#dueMs ?? 0;
  }

  isDue(nowMs: number): boolean {
    if (this.pacer === undefined) return true;
    this.#dueMs ??= this.pacer.dueMs(this.batch.runs[this.#index].arrivedUs);
    return this.#dueMs <= nowMs;
  }

  /** Runs that are due and lie side by side, of at most so many frames and bytes, or one larger frame. */
  cut(maxFrames: number, maxBytes: number, nowMs: number): FramePiece {
    const { buffer, framer, runs } = this.batch;
    const taken: FrameRun[] = [];
    const { start } = runs[this.#index];
    let end = start;
    for (let left = maxFrames; left > 0 && !this.isEmpty && this.isDue(nowMs);) {
      const room = maxBytes - (end - start);
      if (room <= 0) break;
      const run = this.#take(left, room, taken.length > 0);
      if (run === undefined) break;
      taken.push(run);
      left -= run.frames;
      end = run.end;
    }
    buffer.retain();
    return { buffer, framer, runs: taken, release: () => buffer.release() };
  }

  /** Lets go of what was not handed out. */
  release(): void {
    this.batch.buffer.release();
  }

  /** As much of the next run as `frames` and `bytes` allow; undefined if that is nothing, and it need not be one frame. */
  #take(frames: number, bytes: number, mayBeNone: boolean): FrameRun | undefined {
    const { buffer, framer, runs } = this.batch;
    const next = runs[this.#index];
    const { first, start, end, arrivedUs } = next;
    if (next.frames <= frames && end - start <= bytes) return this.#takeWhole();
    const scan = framer.scan(buffer.bytes, start, start, Math.min(end, start + bytes));
    if (scan.frames === 0 && mayBeNone) return undefined;
    const count = Math.min(frames, Math.max(1, scan.frames));
    const middle = count === scan.frames ? scan.end : skipFrames(framer, buffer.bytes, start, end, count);
    if (count === next.frames) return this.#takeWhole();
    runs[this.#index] = { first: first + count, frames: next.frames - count, start: middle, end, arrivedUs };
    return { first, frames: count, start, end: middle, arrivedUs };
  }

  #takeWhole(): FrameRun {
    this.#dueMs = undefined;
    return this.batch.runs[this.#index++];
  }
}
