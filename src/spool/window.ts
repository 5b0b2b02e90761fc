/**
 * The newest frames of a route, in memory: consecutive frames up to the one that
 * was received last.
 *
 * A frame leaves the window at the front, when it is confirmed or in the journal.
 * So every frame that is still to be sent is either here or there.
 */
import type { PooledBuffer } from "../base/buffer.ts";
import { Deque } from "../base/deque.ts";
import { type Run, runBytes } from "../base/run.ts";
import type { Framer } from "../framing/framing.ts";
import { skipFrames } from "../framing/skip.ts";

/** Runs that arrive within this time may become one run, and so one record. */
const MERGE_US = 10_000;

export class Window {
  #runs = new Deque<Run>();
  #end: number;
  #endOffset = 0;

  /** Where one frame inside a run begins, as it was found last. */
  #known: { readonly run: Run; readonly sequence: number; readonly start: number } | undefined;

  /** `end` is the sequence of the first frame to be received; runs are merged up to `mergeBytes`. */
  constructor(end: number, private readonly mergeBytes: number, private readonly framer: Framer) {
    this.#end = end;
  }

  /** Sequence of the oldest frame in the window; `end` if it is empty. */
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

  get back(): Run | undefined {
    return this.#runs.last();
  }

  /**
   * Adds frames at the end; retains the buffer. Frames that continue the last
   * run in the same buffer join it, unless that run begins before `sealedBefore`:
   * then some of it has been sent or is being appended.
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

  /**
   * Offset in the route's stream of the run that holds `sequence`; the first
   * one's if it is before, the end if it is after.
   */
  offsetOf(sequence: number): number {
    const run = sequence < this.first ? this.#runs.first() : this.#runs.at(this.indexOf(sequence));
    return run?.offset ?? this.#endOffset;
  }

  /**
   * Offset in the route's stream at which frame `sequence` begins, which is in
   * the window or the next to be received.
   */
  exactOffsetOf(sequence: number): number {
    if (sequence >= this.#end) return this.#endOffset;
    const run = this.#runs.at(this.indexOf(sequence))!;
    return run.offset + this.startOf(sequence) - run.start;
  }

  /** Bytes in the window that belong to the run of `sequence` or come after it. */
  bytesFrom(sequence: number): number {
    return this.#endOffset - this.offsetOf(sequence);
  }

  /** Removes the oldest run. */
  dropFront(): void {
    this.#runs.shift()?.buffer.release();
  }

  /** Removes the newest run: its sequences are free for other frames. */
  dropBack(): void {
    const run = this.#runs.pop();
    if (run === undefined) return;
    this.#end = run.first;
    this.#endOffset = run.offset;
    run.buffer.release();
  }

  /** Where frame `sequence`, which is in the window, begins in the buffer of its run. */
  startOf(sequence: number): number {
    const run = this.#runs.at(this.indexOf(sequence))!;
    if (run.first === sequence) return run.start;
    const known = this.#known;
    if (known?.run === run && known.sequence === sequence) return known.start;
    return skipFrames(this.framer, run.buffer.bytes, run.start, run.end, sequence - run.first);
  }

  /** Notes where frame `sequence` begins, so that the next `startOf(sequence)` needs no search. */
  noteStart(run: Run, sequence: number, start: number): void {
    this.#known = { run, sequence, start };
  }

  /**
   * Consecutive runs from the one that holds `sequence` on, at most `maxBytes` of
   * them but at least one, each retained.
   */
  collect(sequence: number, maxBytes: number): Run[] {
    const runs: Run[] = [];
    let bytes = 0;
    for (let i = this.indexOf(sequence); i >= 0 && i < this.#runs.length; i++) {
      const run = this.#runs.at(i)!;
      if (runs.length > 0 && bytes + runBytes(run) > maxBytes) break;
      run.buffer.retain();
      // A copy: the window may still extend its own run.
      runs.push({ ...run });
      bytes += runBytes(run);
    }
    return runs;
  }

  /** How many runs the window has. */
  get length(): number {
    return this.#runs.length;
  }
}
