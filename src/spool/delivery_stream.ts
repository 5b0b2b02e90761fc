/**
 * What one connection to the consumer has been sent, from its first byte to its
 * last. It translates a number of acknowledged bytes, or of frames that were
 * replied to, into sequences.
 *
 * Everything that belongs to the connection is here, and ends with it: to act
 * on a stream that has ended is a defect of the program. When a connection ends
 * the first frame that was not wholly confirmed is found exactly, and so is the
 * first one that the consumer's program may not have read.
 */
import { Deque } from "../base/deque.ts";
import { frameEnds } from "../framing/frame_ends.ts";
import { skipFrames } from "../framing/skip.ts";
import type { Tally } from "../base/ledger.ts";
import type { FrameFeed, FramePiece, FrameRange, FrameRun, StreamOutcome } from "./frame_feed.ts";
import { type ConfirmedPart, framesWithin, InFlight, type InFlightPart } from "./in_flight.ts";

/** Bytes to send, as they lie in memory; `release` when they are written. */
export interface Outgoing {
  readonly bytes: Uint8Array;
  release(): void;
}

/** How far a connection got, as positions in its byte stream: read ≤ confirmed ≤ written. */
export interface StreamPositions {
  /** The consumer's program is known to have read everything before this. */
  readonly read: number;
  readonly confirmed: number;
  /** The kernel has taken everything before this. */
  readonly written: number;
}

export interface StreamOptions {
  /** The first frame. */
  readonly start: number;
  /** Sequence after the last frame that earlier connections were sent. */
  readonly sentBefore: number;
  /** Frames will be confirmed one by one, with `confirmFrames`. */
  readonly eachFrame: boolean;
}

export class DeliveryStream {
  /** Frames handed out on this connection and not confirmed on it. */
  readonly inFlight = new InFlight();
  /** Confirmed, and perhaps not read yet. */
  readonly #unread = new Deque<ConfirmedPart>();
  #open = true;
  #ended = false;
  /** Sequence after the last frame that was confirmed on this connection. */
  #confirmedUntil: number;
  /** Sequence after the last frame that was handed out. */
  #handedOutUntil: number;
  /** Frames below this one have been sent before. */
  #sentBefore: number;

  constructor(private readonly feed: FrameFeed, private readonly options: StreamOptions) {
    this.#confirmedUntil = this.#handedOutUntil = options.start;
    this.#sentBefore = options.sentBefore;
  }

  get framesInFlight(): number {
    return this.inFlight.frames;
  }

  /** Sequence of the oldest frame in flight; undefined if none is. */
  get oldestInFlight(): number | undefined {
    return this.inFlight.oldest()?.first;
  }

  /** Was this frame confirmed before, so that it is sent for `rewind` alone? */
  isResent(sequence: number): boolean {
    return sequence < this.feed.confirmed;
  }

  /**
   * The next bytes to send, of at most `maxFrames` frames (at least one); waits
   * for some. Undefined after `interrupt`. Rejects if they cannot be read.
   */
  async next(maxFrames: number = Number.POSITIVE_INFINITY): Promise<Outgoing | undefined> {
    for (;;) {
      this.#assertNotEnded();
      if (!this.#open) return undefined;
      const piece = this.feed.take(maxFrames);
      if (piece !== undefined) return this.#handOut(piece);
      await this.feed.ready();
    }
  }

  /** Ends a `next` that waits: the connection is to be closed, or to go back. */
  interrupt(): void {
    this.#open = false;
    this.feed.wake();
  }

  /**
   * The first `position` bytes of the stream are confirmed, and the first `read`
   * of them have been read by the consumer's program. Moves by whole parts.
   */
  confirmBytes(position: number, read: number): void {
    this.#assertNotEnded();
    this.#confirm(() => this.inFlight.takeBelow(position), read);
  }

  /** The next `frames` frames are confirmed: the consumer has read them and replied to each. */
  confirmFrames(frames: number): void {
    this.#assertNotEnded();
    let left = frames;
    this.#confirm(() => {
      const part = left > 0 ? this.inFlight.take(left) : undefined;
      left -= part?.frames ?? 0;
      return part;
    }, Number.POSITIVE_INFINITY);
  }

  /** On the same connection: once more from the first unconfirmed frame. What is in flight will not be confirmed. */
  goBack(): void {
    this.#assertNotEnded();
    this.feed.goBack();
    this.inFlight.clear();
    // The consumer has replied to every frame in flight: all of them were written.
    this.#sentBefore = Math.max(this.#sentBefore, this.#handedOutUntil);
    this.#open = true;
  }

  /**
   * The connection has ended, and nothing is being written any more. Nothing may
   * be done with the stream after this.
   */
  async end({ read, confirmed, written }: StreamPositions): Promise<StreamOutcome> {
    this.interrupt();
    this.confirmBytes(confirmed, read);
    const writtenUntil = await this.#writtenUntil(written);
    await this.#confirmWithin(confirmed, read);
    const unread = await this.#unreadAfter(read);
    this.#ended = true;
    return await this.feed.ended({
      ...unread,
      confirmedUntil: this.#confirmedUntil,
      writtenUntil,
      notResent: [...this.inFlight.parts()]
        .map((part) => rangeWithin(writtenUntil, this.#sentBefore, part))
        .filter(({ frames }) => frames > 0),
    });
  }

  #assertNotEnded(): void {
    if (this.#ended) throw new Error("a connection acts on its stream after its end");
  }

  #handOut(piece: FramePiece): Outgoing {
    const { buffer, runs } = piece;
    for (const run of runs) this.#noteSent(piece, run);
    const bytes = buffer.bytes.subarray(runs[0].start, runs[runs.length - 1].end);
    return { bytes, release: () => piece.release() };
  }

  /**
   * Notes frames as handed out, in two parts where the first unconfirmed one is
   * inside: confirmed frames count once.
   */
  #noteSent(piece: FramePiece, run: FrameRun): void {
    const { first, frames, start, end, arrivedUs } = run;
    const known = this.feed.confirmed - first;
    if (known <= 0 || known >= frames) return this.#push(piece, run);
    const middle = skipFrames(piece.framer, piece.buffer.bytes, start, end, known);
    this.#push(piece, { first, frames: known, start, end: middle, arrivedUs });
    this.#push(piece, { first: first + known, frames: frames - known, start: middle, end, arrivedUs });
  }

  #push({ buffer, framer }: FramePiece, { first, frames, start, end, arrivedUs }: FrameRun): void {
    const ends = this.options.eachFrame ? frameEnds(framer, buffer.bytes, start, end, frames) : undefined;
    this.inFlight.push(first, frames, end - start, arrivedUs, ends);
    this.#handedOutUntil = first + frames;
    if (first < this.#sentBefore) this.feed.resending(rangeWithin(0, this.#sentBefore, { first, frames }));
  }

  #confirm(take: () => ConfirmedPart | undefined, read: number): void {
    const { confirmed } = this.feed;
    const before = this.#confirmedUntil;
    const news: ConfirmedPart[] = [];
    for (let part = take(); part !== undefined; part = take()) {
      this.#unread.push(part);
      this.#confirmedUntil = part.first + part.frames;
      if (part.first >= confirmed) news.push(part);
    }
    const isReadingNews = this.#dropRead(read);
    if (this.#confirmedUntil === before && !isReadingNews) return;
    const unreadFrom = this.#unread.first()?.first ?? this.#confirmedUntil;
    this.feed.confirm({ until: this.#confirmedUntil, news, unreadFrom });
  }

  /** Forgets parts that are wholly read; true if there were some. */
  #dropRead(read: number): boolean {
    const before = this.#unread.length;
    for (let part = this.#unread.first(); part !== undefined && part.position <= read; part = this.#unread.first()) {
      this.#unread.shift();
    }
    return this.#unread.length < before;
  }

  /** Confirms what of the oldest part in flight lies wholly within the first `position` bytes. */
  async #confirmWithin(position: number, read: number): Promise<void> {
    const part = this.inFlight.oldest();
    const bytes = this.inFlight.oldestBytesBelow(position);
    if (part === undefined || bytes === 0) return;
    const within = await this.#within(part, bytes);
    if (within !== undefined) this.#confirm(() => this.inFlight.takeFront(within), read);
  }

  /**
   * Sequence after the last frame that was written whole. Of a part whose bytes
   * cannot be read again all frames count.
   */
  async #writtenUntil(written: number): Promise<number> {
    let until = this.#confirmedUntil;
    for (const part of this.inFlight.parts()) {
      const bytes = written - (part.position - part.bytes);
      if (bytes <= 0) break;
      const within = bytes >= part.bytes ? part : await this.#within(part, bytes) ?? part;
      until = part.first + within.frames;
    }
    return until;
  }

  /** The frames that are not wholly read. Of a part whose bytes cannot be read again none counts as read. */
  async #unreadAfter(read: number): Promise<{ unreadFrom: number; unreadBytes: number }> {
    const part = this.#unread.first();
    if (part === undefined) return { unreadFrom: this.#confirmedUntil, unreadBytes: 0 };
    const start = part.position - part.bytes;
    const within = read <= start ? undefined : await this.#within(part, read - start);
    const { frames, bytes } = within ?? { frames: 0, bytes: 0 };
    return { unreadFrom: part.first + frames, unreadBytes: this.#unread.last()!.position - start - bytes };
  }

  /** The frames of a part that lie wholly within its first `bytes` bytes; undefined if that cannot be told. */
  async #within(part: ConfirmedPart | InFlightPart, bytes: number): Promise<Tally | undefined> {
    if ("ends" in part && part.ends !== undefined) return framesWithin(part, bytes);
    const piece = await this.feed.reread(part.first);
    if (piece === undefined) return undefined;
    try {
      const { start, end } = piece.runs[0];
      const scan = piece.framer.scan(piece.buffer.bytes, start, start, Math.min(end, start + bytes));
      return { frames: scan.frames, bytes: scan.end - start };
    } finally {
      piece.release();
    }
  }
}

/** What of a range is in [from, until). */
function rangeWithin(from: number, until: number, range: FrameRange): FrameRange {
  const first = Math.max(from, range.first);
  return { first, frames: Math.max(0, Math.min(until, range.first + range.frames) - first) };
}
