/** A batch that is handed out in pieces, as its runs are due. */
import { skipFrames } from "../framing/skip.ts";
import type { FramePiece, FrameRun } from "../spool/frame_feed.ts";
import type { Batch } from "./batch_reader.ts";
import type { Pacer } from "./pacer.ts";

export class BatchPieces {
  #index = 0;
  /** When the next run is due, on the monotonic clock; undefined: not asked for yet. */
  #dueMs: number | undefined;

  /** Takes over the batch's buffer. Without a `pacer` everything is due at once. */
  constructor(private readonly batch: Batch, private readonly pacer: Pacer | undefined) {}

  /** Is everything handed out? */
  get isEmpty(): boolean {
    return this.#index === this.batch.runs.length;
  }

  /** When the next run is due, on the monotonic clock; valid after `isDue`. */
  get dueMs(): number {
    return this.#dueMs ?? 0;
  }

  isDue(nowMs: number): boolean {
    if (this.pacer === undefined) return true;
    this.#dueMs ??= this.pacer.dueMs(this.batch.runs[this.#index].arrivedUs);
    return this.#dueMs <= nowMs;
  }

  /** The next runs that are due, at most `maxFrames` frames and `maxBytes` bytes, or one larger frame. */
  take(maxFrames: number, maxBytes: number, nowMs: number): FramePiece {
    const { buffer, framer, runs } = this.batch;
    const taken: FrameRun[] = [];
    const { start } = runs[this.#index];
    let end = start;
    for (let left = maxFrames; left > 0 && !this.isEmpty && this.isDue(nowMs);) {
      const room = maxBytes - (end - start);
      if (room <= 0) break;
      const run = this.#takeRun(left, room, taken.length > 0);
      if (run === undefined) break;
      taken.push(run);
      left -= run.frames;
      end = run.end;
    }
    buffer.retain();
    return { buffer, framer, runs: taken, release: () => buffer.release() };
  }

  /** Releases what has not been handed out. */
  release(): void {
    this.batch.buffer.release();
  }

  /** As much of the next run as fits; at least one frame unless `mayBeNone`, else undefined if nothing fits. */
  #takeRun(maxFrames: number, maxBytes: number, mayBeNone: boolean): FrameRun | undefined {
    const { buffer, framer, runs } = this.batch;
    const next = runs[this.#index];
    const { first, start, end, arrivedUs } = next;
    if (next.frames <= maxFrames && end - start <= maxBytes) return this.#takeWholeRun();
    const fitting = framer.scan(buffer.bytes, start, start, Math.min(end, start + maxBytes));
    if (fitting.frames === 0 && mayBeNone) return undefined;
    const frames = Math.min(maxFrames, Math.max(1, fitting.frames));
    if (frames === next.frames) return this.#takeWholeRun();
    const middle = frames === fitting.frames ? fitting.end : skipFrames(framer, buffer.bytes, start, end, frames);
    runs[this.#index] = { first: first + frames, frames: next.frames - frames, start: middle, end, arrivedUs };
    return { first, frames, start, end: middle, arrivedUs };
  }

  #takeWholeRun(): FrameRun {
    this.#dueMs = undefined;
    return this.batch.runs[this.#index++];
  }
}
