/**
 * How far a replay has come: what is confirmed, what the target's program may
 * not have read of that, and what was sent more than once.
 */
import { Deque } from "../base/deque.ts";
import type { ConfirmedPart } from "../spool/in_flight.ts";
import type { Confirmation, EndOfStream, FrameRange } from "../spool/frame_feed.ts";

/** Where another run of the same replay goes on. */
export interface Checkpoint {
  /** The first frame to send. */
  readonly next: number;
  /** What was confirmed and lies before it; the bytes about, where `next` is within what was confirmed together. */
  readonly frames: number;
  readonly bytes: number;
  /** When the record of the last frame before it arrived, µs since 1970; undefined if there is none. */
  readonly lastUs: number | undefined;
}

export class Delivered {
  /** Sequence of the first frame that is not confirmed. */
  confirmed: number;
  frames = 0;
  bytes = 0;
  /** Frames that were sent whole on more than one connection. */
  sentTwice = 0;
  /** Sequence after the last frame that was sent to any connection. */
  sentBefore: number;
  #unreadFrom: number;
  /** The connection there is has acknowledged all frames below this, from where it began. */
  #acknowledged: number | undefined;
  /** When the record of the last frame before the runs arrived. */
  #lastUs: number | undefined;
  /** What is confirmed and may be sent again, ascending, without the frames before it. */
  readonly #runs = new Deque<ConfirmedPart>();
  #runBytes = 0;
  /** Frames below this are counted in `sentTwice`; the second figure as it was when the connection began. */
  #twiceUntil = 0;
  #twiceUntilBefore = 0;

  /** `rewind`: what may be sent again, in bytes; `auto`: what may not have been read. */
  constructor(first: number, private readonly rewind: number | "auto") {
    this.confirmed = this.sentBefore = this.#unreadFrom = first;
  }

  /** The first frame that the target's program may not have read. */
  get unreadFrom(): number {
    return Math.min(this.confirmed, this.#unreadFrom);
  }

  confirm({ until, news, unreadFrom }: Confirmation): void {
    this.#acknowledged = until;
    this.#unreadFrom = Math.max(this.#unreadFrom, unreadFrom);
    this.confirmed = Math.max(this.confirmed, until);
    for (const landed of news) {
      this.#runs.push(landed);
      this.#runBytes += landed.bytes;
      this.frames += landed.frames;
      this.bytes += landed.bytes;
    }
    this.#forget();
  }

  /** These frames have been sent before, and now again. */
  sentAgain({ first, frames }: FrameRange): void {
    const from = Math.max(first, this.#twiceUntil);
    this.sentTwice += Math.max(0, first + frames - from);
    this.#twiceUntil = Math.max(this.#twiceUntil, first + frames);
  }

  /** A connection is over. */
  ended({ unreadFrom, writtenUntil, notResent }: EndOfStream): void {
    this.#unreadFrom = Math.max(this.#unreadFrom, unreadFrom);
    this.#acknowledged = undefined;
    this.sentBefore = Math.max(this.sentBefore, writtenUntil);
    for (const { first, frames } of notResent) {
      this.sentTwice -= Math.max(0, first + frames - Math.max(first, this.#twiceUntilBefore));
    }
    this.#twiceUntil = Math.max(this.#twiceUntilBefore, Math.min(this.#twiceUntil, writtenUntil));
    this.#twiceUntilBefore = this.#twiceUntil;
    this.#forget();
  }

  /** The run that has the byte `bytes` before the first unconfirmed one, and how many bytes of it come before that. */
  runBehind(bytes: number): { readonly run: ConfirmedPart; readonly before: number } | undefined {
    let left = bytes;
    for (let i = this.#runs.length - 1; i >= 0; i--) {
      const run = this.#runs.at(i)!;
      if (left <= run.bytes || i === 0) return { run, before: Math.max(0, run.bytes - left) };
      left -= run.bytes;
    }
    return undefined;
  }

  /** How many of the frames that are wanted lie before `sequence`, which is not before the first one that may be sent again. */
  framesBefore(sequence: number): number {
    return this.frames - this.#from(sequence).frames;
  }

  /** A connection begins with frame `start`. */
  begun(start: number): void {
    this.#acknowledged = start;
  }

  /** Bytes of what is confirmed, from `sequence` on, about. */
  bytesFrom(sequence: number): number {
    return this.#from(sequence).bytes;
  }

  /** Bytes that are confirmed and may not have been read, about. */
  get unreadBytes(): number {
    return this.#from(this.unreadFrom).bytes;
  }

  /** A target that is connected still reads what its kernel has, whatever becomes of us. */
  get checkpoint(): Checkpoint {
    const next = this.rewind === "auto"
      ? Math.min(this.confirmed, this.#acknowledged ?? this.unreadFrom)
      : this.confirmed;
    const { frames, bytes, lastUs } = this.#from(next);
    return { next, frames: this.frames - frames, bytes: this.bytes - bytes, lastUs };
  }

  #from(sequence: number): { frames: number; bytes: number; lastUs: number | undefined } {
    const found = { frames: 0, bytes: 0, lastUs: this.#lastUs };
    for (let i = 0; i < this.#runs.length; i++) {
      const run = this.#runs.at(i)!;
      const frames = Math.max(0, Math.min(run.frames, run.first + run.frames - sequence));
      found.frames += frames;
      found.bytes += Math.round(run.bytes * frames / run.frames);
      if (frames < run.frames) found.lastUs = run.arrivedUs;
    }
    return found;
  }

  /** Lets go of runs that will not be sent again. */
  #forget(): void {
    for (let run = this.#runs.first(); run !== undefined && this.#isBehind(run); run = this.#runs.first()) {
      this.#runs.shift();
      this.#runBytes -= run.bytes;
      this.#lastUs = run.arrivedUs;
    }
  }

  #isBehind({ first, frames, bytes }: ConfirmedPart): boolean {
    if (this.rewind === "auto") return first + frames <= this.#unreadFrom;
    return this.#runBytes - bytes >= this.rewind;
  }
}
