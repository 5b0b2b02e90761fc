/**
 * How far a replay has come: what is confirmed, which of that the target's
 * program may not have read, and what was sent more than once.
 */
import { Deque } from "../base/deque.ts";
import type { ConfirmedPart } from "../spool/in_flight.ts";
import type { Confirmation, EndOfStream, FrameRange } from "../spool/frame_feed.ts";

/** Where another run of the same replay continues. */
export interface Checkpoint {
  /** The first frame to send. */
  readonly next: number;
  /** What was confirmed before it; the bytes are an estimate if `next` is within frames that were confirmed together. */
  readonly frames: number;
  readonly bytes: number;
  /** When the record of the last frame before it arrived, µs since 1970; undefined if there is none. */
  readonly lastUs: number | undefined;
}

export class ReplayProgress {
  /** Sequence of the first frame that is not confirmed. */
  confirmed: number;
  /** Frames and bytes that are confirmed, each counted once. */
  frames = 0;
  bytes = 0;
  /** Frames that were sent whole on more than one connection, each counted once. */
  sentTwice = 0;
  /** Sequence after the last frame that was sent to any connection. */
  sentBefore: number;
  #unreadFrom: number;
  /** The present connection has acknowledged all frames below this, from where it began. */
  #acknowledged: number | undefined;
  /** Confirmed parts that may be sent again, ascending. */
  readonly #parts = new Deque<ConfirmedPart>();
  #partBytes = 0;
  /** When the record of the last frame before these parts arrived. */
  #lastUs: number | undefined;
  /** `sentTwice` includes the frames below this; the second figure is that of the time when the connection began. */
  #twiceUntil = 0;
  #twiceUntilBefore = 0;

  /** `rewind`: how many bytes may be sent again; `auto`: what may not have been read. */
  constructor(first: number, readonly rewind: number | "auto") {
    this.confirmed = this.sentBefore = this.#unreadFrom = first;
  }

  /** The first frame that the target's program may not have read. */
  get unreadFrom(): number {
    return Math.min(this.confirmed, this.#unreadFrom);
  }

  /** All frames below this never have to be sent again. */
  get doneUntil(): number {
    return this.rewind === "auto" ? this.unreadFrom : this.confirmed;
  }

  /** A connection begins with frame `start`. */
  begun(start: number): void {
    this.#acknowledged = start;
  }

  confirm({ until, news, unreadFrom }: Confirmation): void {
    this.#acknowledged = until;
    this.#unreadFrom = Math.max(this.#unreadFrom, unreadFrom);
    this.confirmed = Math.max(this.confirmed, until);
    for (const part of news) {
      this.#parts.push(part);
      this.#partBytes += part.bytes;
      this.frames += part.frames;
      this.bytes += part.bytes;
    }
    this.#forget();
  }

  /** These frames have been sent before, and now again. */
  sentAgain({ first, frames }: FrameRange): void {
    this.sentTwice += Math.max(0, first + frames - Math.max(first, this.#twiceUntil));
    this.#twiceUntil = Math.max(this.#twiceUntil, first + frames);
  }

  /** The connection has ended. */
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

  /** The part with the byte `bytes` before the first unconfirmed frame, and how many of the part's bytes come before that byte. */
  partBehind(bytes: number): { readonly part: ConfirmedPart; readonly before: number } | undefined {
    let left = bytes;
    for (let i = this.#parts.length - 1; i >= 0; i--) {
      const part = this.#parts.at(i)!;
      if (left <= part.bytes || i === 0) return { part, before: Math.max(0, part.bytes - left) };
      left -= part.bytes;
    }
    return undefined;
  }

  /** How many of the confirmed frames are before `sequence`, which must not be before all that may be sent again. */
  framesBefore(sequence: number): number {
    return this.frames - this.#from(sequence).frames;
  }

  /** Bytes of the confirmed frames from `sequence` on; an estimate within frames that were confirmed together. */
  bytesFrom(sequence: number): number {
    return this.#from(sequence).bytes;
  }

  /** Bytes that are confirmed and may not have been read; an estimate like `bytesFrom`. */
  get unreadBytes(): number {
    return this.bytesFrom(this.unreadFrom);
  }

  /** What a present connection has acknowledged counts as read: its kernel still has it if this process ends. */
  get checkpoint(): Checkpoint {
    const next = this.rewind === "auto"
      ? Math.min(this.confirmed, this.#acknowledged ?? this.unreadFrom)
      : this.confirmed;
    const { frames, bytes, lastUs } = this.#from(next);
    return { next, frames: this.frames - frames, bytes: this.bytes - bytes, lastUs };
  }

  /** The confirmed frames from `sequence` on, and when the record of the last one before it arrived. */
  #from(sequence: number): { frames: number; bytes: number; lastUs: number | undefined } {
    const found = { frames: 0, bytes: 0, lastUs: this.#lastUs };
    for (let i = 0; i < this.#parts.length; i++) {
      const part = this.#parts.at(i)!;
      const frames = Math.max(0, Math.min(part.frames, part.first + part.frames - sequence));
      found.frames += frames;
      found.bytes += Math.round(part.bytes * frames / part.frames);
      if (frames < part.frames) found.lastUs = part.arrivedUs;
    }
    return found;
  }

  /** Forgets parts that will not be sent again. */
  #forget(): void {
    for (let part = this.#parts.first(); part !== undefined && this.#isDone(part); part = this.#parts.first()) {
      this.#parts.shift();
      this.#partBytes -= part.bytes;
      this.#lastUs = part.arrivedUs;
    }
  }

  #isDone({ first, frames, bytes }: ConfirmedPart): boolean {
    if (this.rewind === "auto") return first + frames <= this.#unreadFrom;
    return this.#partBytes - bytes >= this.rewind;
  }
}
