/**
 * The newest frames of a route, in memory: a gapless stretch of the log that
 * ends where the last frame was received.
 *
 * What falls out at the front has been confirmed or stands in the journal. So
 * the sender finds every frame that it still needs either here or there, and
 * there is no third place.
 */
import type { PooledBuffer } from "../base/buffer.ts";
import { Deque } from "../base/deque.ts";
import { type Run, runBytes } from "../base/run.ts";

/** Runs that arrive within this time may become one run, and so one record. */
const MERGE_US = 10_000;

export class Window {
  #runs = new Deque<Run>();
  #end: number;
  #endOffset = 0;

  /** `end` is the sequence of the first frame to come; runs are merged up to `mergeBytes`. */
  constructor(end: number, private readonly mergeBytes: number) {
    this.#end = end;
  }

  /** Sequence of the oldest frame here; `end` if there is none. */
  get first(): number {
    return this.#runs.first()?.first ?? this.#end;
  }

  /** Sequence of the next frame to be received. */
  get end(): number {
    return this.#end;
  }

  /** Bytes of frames received in this process. */
  get endOffset(): number {
    return this.#endOffset;
  }

  get front(): Run | undefined {
    return this.#runs.first();
  }

  /**
   * Adds frames at the end; retains the buffer. Frames that continue the last
   * run in the same buffer join it, unless that run begins before `sealedBefore`:
   * then somebody has taken it already.
   */
  push(buffer: PooledBuffer, start: number, end: number, frames: number, arrivedUs: number, sealedBefore: number) {
    const last = this.#runs.last();
    const joins = last !== undefined && last.buffer === buffer && last.end === start && last.first >= sealedBefore &&
      end - last.start <= this.mergeBytes && arrivedUs - last.arrivedUs <= MERGE_US && arrivedUs >= last.arrivedUs;
    if (joins) {
      last.end = end;
      last.frames += frames;
    } else {
      this.#runs.push({
        buffer: buffer.retain(),
        start,
        end,
        first: this.#end,
        frames,
        offset: this.#endOffset,
        arrivedUs,
      });
    }
    this.#end += frames;
    this.#endOffset += end - start;
  }

  /** Index of the run that holds `sequence`; -1 outside [first, end). */
  indexOf(sequence: number): number {
    if (sequence < this.first || sequence >= this.#end) return -1;
    let low = 0;
    let high = this.#runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#runs.at(middle)!.first <= sequence) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  at(index: number): Run | undefined {
    return this.#runs.at(index);
  }

  /** Offset of the run that holds `sequence`, clamped to what is here. */
  offsetOf(sequence: number): number {
    const run = sequence < this.first ? this.#runs.first() : this.#runs.at(this.indexOf(sequence));
    return run?.offset ?? this.#endOffset;
  }

  /** Bytes here that belong to the run of `sequence` or come after it. */
  bytesFrom(sequence: number): number {
    return this.#endOffset - this.offsetOf(sequence);
  }

  /** Lets go of the oldest run. */
  dropFront(): void {
    this.#runs.shift()?.buffer.release();
  }

  /** Cuts run `index` in two, so that a run begins `bytes` bytes and `frames` frames into it. */
  split(index: number, bytes: number, frames: number): void {
    const run = this.#runs.at(index)!;
    if (bytes <= 0 || bytes >= runBytes(run) || frames <= 0 || frames >= run.frames) return;
    const rebuilt = new Deque<Run>();
    for (let i = 0; i < this.#runs.length; i++) {
      const each = this.#runs.at(i)!;
      if (i !== index) {
        rebuilt.push(each);
        continue;
      }
      const middle = run.start + bytes;
      rebuilt.push({ ...run, end: middle, frames });
      rebuilt.push({
        ...run,
        buffer: run.buffer.retain(),
        start: middle,
        first: run.first + frames,
        frames: run.frames - frames,
        offset: run.offset + bytes,
      });
    }
    this.#runs = rebuilt;
  }

  /** Consecutive runs from the one that holds `sequence` on, at most `maxBytes` of them but at least one, each retained. */
  collect(sequence: number, maxBytes: number): Run[] {
    const runs: Run[] = [];
    let bytes = 0;
    for (let i = this.indexOf(sequence); i >= 0 && i < this.#runs.length; i++) {
      const run = this.#runs.at(i)!;
      if (runs.length > 0 && bytes + runBytes(run) > maxBytes) break;
      run.buffer.retain();
      // A copy: the window may still extend or split its own run.
      runs.push({ ...run });
      bytes += runBytes(run);
    }
    return runs;
  }

  clear(): void {
    while (this.#runs.length > 0) this.dropFront();
  }

  /** How many runs are here. */
  get length(): number {
    return this.#runs.length;
  }
}
