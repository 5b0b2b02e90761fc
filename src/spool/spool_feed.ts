/**
 * The spool as what a connection to the target is fed from: journal and memory
 * without a seam. A connection begins `rewind` before the first unconfirmed
 * frame.
 */
import type { BufferPool } from "../base/buffer.ts";
import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Histogram } from "../base/histogram.ts";
import type { Ledger } from "../base/ledger.ts";
import type { Log } from "../base/log.ts";
import { skipFrames } from "../framing/skip.ts";
import type { Framer } from "../framing/framing.ts";
import type { Journal } from "../journal/journal.ts";
import { DeliveryStream } from "./delivery_stream.ts";
import type { Confirmation, EndOfStream, FrameFeed, FramePiece, FrameRun, StreamOutcome } from "./frame_feed.ts";
import { JournalFeed } from "./journal_feed.ts";
import type { Spool } from "./spool.ts";

/** Bytes handed out at once at most; the rest of a run follows in the next piece. */
const PIECE_BYTES = 1024 * 1024;

export interface SpoolFeedOptions {
  readonly spool: Spool;
  readonly journal: Journal;
  readonly pool: BufferPool;
  readonly framer: Framer;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly clock: Pick<Clock, "wallUs">;
  /** Gets the time from arrival to confirmation, in seconds, of each frame. */
  readonly deliveryTimes: Histogram;
  /** Send only what is appended (and synced): `sync = "each"`. */
  readonly appendFirst: boolean;
  /** Frames will be confirmed one by one. */
  readonly eachFrame: boolean;
}

export class SpoolFeed implements FrameFeed {
  readonly #journal: JournalFeed;
  /** Sequence after the last frame that was sent to any connection. */
  #sentBefore: number;
  /** Is there a connection? */
  #streaming = false;

  constructor(private readonly options: SpoolFeedOptions) {
    const { journal, pool } = options;
    this.#sentBefore = journal.cursor;
    this.#journal = new JournalFeed(journal, pool);
  }

  get confirmed(): number {
    return this.options.spool.confirmed;
  }

  /**
   * For a new connection, one at a time. Rejects with a `SystemError` if the
   * journal has to be read to find where it begins, and cannot be.
   */
  async begin(): Promise<DeliveryStream> {
    if (this.#streaming) throw new Error("a connection begins before the last one has ended");
    const { spool, eachFrame } = this.options;
    // The second is asked for after the wait, in which frames may be dropped.
    const start = Math.max(await spool.rewind.locate(), spool.dropped.resumeFrom);
    spool.rewind.noteGone(spool.rewind.unreadFrom(), start);
    spool.rewind.noteRead(start);
    this.#streaming = true;
    const stream = new DeliveryStream(this, { start, sentBefore: this.#sentBefore, eachFrame });
    spool.targetUp(start, stream.inFlight);
    return stream;
  }

  /** How many frames a connection that begins at `start` is sent once more. */
  resentFrom(start: number): number {
    return Math.max(0, this.#sentBefore - start);
  }

  take(maxFrames: number): FramePiece | undefined {
    const { dropped, positions, window } = this.options.spool;
    if (dropped.isPaused) return undefined;
    return positions.next < window.first ? this.#fromJournal(maxFrames) : this.#fromMemory(maxFrames);
  }

  async ready(): Promise<void> {
    const { dropped, positions, window, sendable } = this.options.spool;
    const { next } = positions;
    if (dropped.isPaused || next >= window.first) return await sendable.wait();
    const isReadable = await this.#journal.load(next, window.first);
    // Frames may have been dropped meanwhile, or are being counted for that.
    if (!isReadable && this.#streaming && positions.next === next && !dropped.isPaused) this.#passUnreadable();
  }

  wake(): void {
    this.options.spool.sendable.notify();
  }

  confirm({ until, news, unreadFrom }: Confirmation): void {
    const { spool, clock, deliveryTimes } = this.options;
    const nowUs = news.length > 0 ? clock.wallUs() : 0;
    let frames = 0;
    let bytes = 0;
    for (const part of news) {
      frames += part.frames;
      bytes += part.bytes;
      // The wall clock may have been set back.
      deliveryTimes.observe(Math.max(0, nowUs - part.arrivedUs) / 1e6, part.frames);
    }
    spool.rewind.noteRead(unreadFrom);
    spool.rewind.noteAcknowledged(until);
    spool.confirm(until, { frames, bytes });
  }

  resending({ frames }: { readonly frames: number }): void {
    this.options.ledger.resentFrames += frames;
  }

  goBack(): void {
    this.options.spool.goBack();
  }

  async reread(first: number): Promise<FramePiece | undefined> {
    const { spool, framer, log } = this.options;
    const { window } = spool;
    if (first >= window.first) {
      const run = window.at(window.indexOf(first));
      if (run === undefined) return undefined;
      const start = window.startOf(first);
      const rest = { first, frames: run.first + run.frames - first, start, end: run.end, arrivedUs: run.arrivedUs };
      const buffer = run.buffer.retain();
      return { buffer, framer, runs: [rest], release: () => buffer.release() };
    }
    try {
      return await this.#journal.reread(first);
    } catch (error) {
      log.say("confirmed_end_unknown", { error: messageOf(error) });
      return undefined;
    }
  }

  async ended(end: EndOfStream): Promise<StreamOutcome> {
    const { spool, ledger, log } = this.options;
    const { confirmed, inFlight, rewind } = spool;
    rewind.noteRead(end.unreadFrom);
    spool.targetLost();
    this.#journal.dropLoaded();
    this.#streaming = false;
    this.#sentBefore = Math.max(this.#sentBefore, end.writtenUntil);
    for (const { frames } of end.notResent) ledger.resentFrames -= frames;
    try {
      const start = Math.max(await rewind.locate(), spool.dropped.resumeFrom);
      const notKept = await this.#notKept(start, end);
      // What was being sent again, and was dropped meanwhile.
      const mayBeLostBytes = notKept + inFlight.bytesBelow(Math.min(start, confirmed));
      rewind.noteRead(start);
      spool.advance();
      return { mayRepeat: Math.max(0, end.writtenUntil - start), mayBeLostBytes, unreadBytes: end.unreadBytes };
    } catch (error) {
      log.say("resend_unknown", { error: messageOf(error) });
      // The next connection finds out what there is, and counts what there is not.
      const mayRepeat = Math.max(0, end.writtenUntil - spool.confirmed);
      return { mayRepeat, mayBeLostBytes: 0, unreadBytes: end.unreadBytes };
    }
  }

  async close(): Promise<void> {
    this.wake();
    await this.#journal.close();
  }

  /** How many bytes of what may not have been read cannot be sent again, by a connection that begins at `start`. */
  async #notKept(start: number, { unreadFrom, confirmedUntil, unreadBytes }: EndOfStream): Promise<number> {
    const { backlog, rewind } = this.options.spool;
    const from = Math.max(start, unreadFrom);
    if (unreadBytes === 0 || from >= confirmedUntil) return unreadBytes;
    const kept = await backlog.count(from, confirmedUntil);
    rewind.noteToldGone(confirmedUntil - from - kept.frames);
    return Math.max(0, unreadBytes - kept.bytes);
  }

  /** Frames before this one may be sent. */
  get #sendLimit(): number {
    const { appended, end } = this.options.spool.positions;
    return this.options.appendFirst ? appended : end;
  }

  /** Consecutive runs that lie side by side in one buffer. */
  #fromMemory(maxFrames: number): FramePiece | undefined {
    const { framer, spool } = this.options;
    const { window, positions } = spool;
    const limit = this.#sendLimit;
    let { next } = positions;
    if (next >= limit) return undefined;
    let index = window.indexOf(next);
    const buffer = window.at(index)!.buffer.retain();
    const runs: FrameRun[] = [];
    const begin = window.startOf(next);
    let end = begin;
    let left = maxFrames;
    for (let run = window.at(index); run !== undefined && left > 0; run = window.at(++index)) {
      if (run.buffer !== buffer || run.first >= limit) break;
      if (end > begin && (run.start !== end || run.end - begin > PIECE_BYTES)) break;
      const rest = run.first + run.frames - next;
      const frames = Math.min(rest, left);
      const start = end;
      end = frames === rest ? run.end : skipFrames(framer, buffer.bytes, start, run.end, frames);
      runs.push({ first: next, frames, start, end, arrivedUs: run.arrivedUs });
      left -= frames;
      next += frames;
      if (frames < rest) window.noteStart(run, next, end);
    }
    positions.advance(next);
    return { buffer, framer, runs, release: () => buffer.release() };
  }

  #fromJournal(maxFrames: number): FramePiece | undefined {
    const { spool } = this.options;
    const { positions, window, dropped } = spool;
    const { next } = positions;
    const piece = this.#journal.take(next, maxFrames);
    if (piece === undefined) return undefined;
    for (const { first, frames } of piece.runs) {
      // Between two records, too, there may be frames that were confirmed and not appended.
      if (first > positions.next) dropped.passMissing(first);
      positions.advance(first + frames);
    }
    if (positions.next >= window.first) spool.advance();
    return piece;
  }

  /** Goes on behind frames that are in the journal no more; the reader has counted those it found damaged. */
  #passUnreadable(): void {
    const { positions, window, dropped } = this.options.spool;
    const readable = Math.min(this.#journal.position, window.first);
    if (readable > positions.next) dropped.passMissing(readable);
    else dropped.dropMissing(window.first);
  }
}
