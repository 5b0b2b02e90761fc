/**
 * The spool as what a connection to the target is fed from: journal and memory
 * without a seam. A connection begins `rewind` before the first unconfirmed
 * frame.
 */
import { messageOf } from "../base/error.ts";
import { skipFrames } from "../framing/skip.ts";
import { countFrames } from "./count_frames.ts";
import { DeliveryStream } from "./delivery_stream.ts";
import { Flight } from "./flight.ts";
import type {
  Confirmation,
  EndOfStream,
  FrameFeed,
  FramePiece,
  FrameRange,
  FrameRun,
  StreamOutcome,
} from "./frame_feed.ts";
import { JournalFeed, runsOf } from "./journal_feed.ts";
import type { Spool } from "./spool.ts";

/** Bytes handed out at once at most; the rest of a run follows in the next. */
const PIECE_BYTES = 1024 * 1024;

export class SpoolFeed implements FrameFeed {
  readonly #journal: JournalFeed;
  /** Sequence after the last frame that was sent to any connection. */
  #sentBefore: number;
  /** Is there a connection? */
  #streaming = false;

  /** `eachFrame`: frames will be confirmed one by one. */
  constructor(private readonly spool: Spool, private readonly eachFrame = false) {
    const { journal, pool } = spool.options;
    this.#sentBefore = journal.cursor;
    this.#journal = new JournalFeed(journal, pool);
  }

  get confirmed(): number {
    return this.spool.confirmed;
  }

  /**
   * For a new connection, one at a time. Rejects with a `SystemError` if the
   * journal has to be read to find where it begins, and cannot be.
   */
  async begin(): Promise<DeliveryStream> {
    if (this.#streaming) throw new Error("a connection begins before the last one has ended");
    const { spool } = this;
    const start = await spool.rewind.start(spool.confirmed);
    spool.rewind.noteGone(spool.rewind.unreadFrom(spool.confirmed), start);
    this.#streaming = true;
    spool.sent = start;
    spool.rewind.noteAcknowledged(start);
    const stream = new DeliveryStream(this, { start, sentBefore: this.#sentBefore, eachFrame: this.eachFrame });
    spool.flight = stream.flight;
    spool.targetUp();
    return stream;
  }

  /** Frames that the next connection is sent once more, if it begins at `start`. */
  resentFrom(start: number): number {
    return Math.max(0, this.#sentBefore - start);
  }

  take(maxFrames: number): FramePiece | undefined {
    const { spool } = this;
    if (spool.held > 0) return undefined;
    return spool.sent < spool.window.first ? this.#fromJournal(maxFrames) : this.#fromMemory(maxFrames);
  }

  async ready(): Promise<void> {
    const { spool } = this;
    const { sent, window } = spool;
    if (spool.held > 0 || sent >= window.first) return await spool.sendable.wait();
    const isReadable = await this.#journal.load(sent, window.first);
    // Frames may have been given up meanwhile, or are about to be.
    if (!isReadable && this.#streaming && spool.sent === sent && spool.held === 0) this.#skipUnreadable();
  }

  wake(): void {
    this.spool.sendable.notify();
  }

  confirm({ until, news, unreadFrom }: Confirmation): void {
    let frames = 0;
    let bytes = 0;
    for (const landed of news) {
      frames += landed.frames;
      bytes += landed.bytes;
    }
    this.spool.rewind.noteRead(unreadFrom);
    this.spool.rewind.noteAcknowledged(until);
    this.spool.confirm(until, frames, bytes);
  }

  resending({ frames }: FrameRange): void {
    this.spool.options.ledger.resentFrames += frames;
  }

  goBack(): void {
    this.spool.giveUpInFlight();
    this.spool.sent = this.spool.confirmed;
  }

  async reread(first: number): Promise<FramePiece | undefined> {
    const { window, options } = this.spool;
    if (first >= window.first) {
      const run = window.at(window.indexOf(first));
      if (run === undefined) return undefined;
      const start = window.startOf(first);
      const rest = { first, frames: run.first + run.frames - first, start, end: run.end, arrivedUs: run.arrivedUs };
      const buffer = run.buffer.retain();
      return { buffer, framer: options.framer, runs: [rest], release: () => buffer.release() };
    }
    try {
      const batch = await this.#journal.read(first);
      if (batch === undefined) return undefined;
      const piece = { ...batch, runs: runsOf(batch), release: () => this.#journal.release(batch) };
      if (batch.first === first) return piece;
      piece.release();
    } catch (error) {
      options.log.warn("cannot read where the confirmed frames end, more is sent again", { error: messageOf(error) });
    }
    return undefined;
  }

  async ended(end: EndOfStream): Promise<StreamOutcome> {
    const { spool } = this;
    spool.rewind.noteRead(end.unreadFrom);
    const { confirmed } = spool;
    spool.targetLost();
    spool.rewind.noteAcknowledged(undefined);
    const { flight } = spool;
    spool.flight = new Flight();
    spool.sent = spool.confirmed;
    spool.settled();
    this.#journal.drop();
    this.#streaming = false;
    this.#sentBefore = Math.max(this.#sentBefore, end.writtenUntil);
    for (const { frames } of end.notResent) spool.options.ledger.resentFrames -= frames;
    try {
      const start = await spool.rewind.start(spool.confirmed);
      const notKept = start <= end.unreadFrom ? 0 : await this.#notKept(start, end);
      // What was being sent again, and was given up meanwhile.
      const mayBeLostBytes = notKept + flight.bytesBelow(Math.min(start, confirmed));
      spool.rewind.noteRead(start);
      return { mayRepeat: Math.max(0, end.writtenUntil - start), mayBeLostBytes, unreadBytes: end.unreadBytes };
    } catch (error) {
      spool.options.log.warn("cannot read how much can be sent again", { error: messageOf(error) });
      // The next connection finds out what there is, and counts what there is not.
      const mayRepeat = Math.max(0, end.writtenUntil - spool.confirmed);
      return { mayRepeat, mayBeLostBytes: 0, unreadBytes: end.unreadBytes };
    }
  }

  async close(): Promise<void> {
    this.wake();
    await this.#journal.close();
  }

  /** Of what may not have been read, so much comes before `start`. */
  async #notKept(start: number, { confirmedUntil, unreadBytes }: EndOfStream): Promise<number> {
    const kept = start < confirmedUntil ? await countFrames(this.spool, start, confirmedUntil) : { bytes: 0 };
    return Math.max(0, unreadBytes - kept.bytes);
  }

  /** With `sync = "each"` nothing is sent that is not synced. */
  #sendLimit(): number {
    const { journal, appendFirst } = this.spool.options;
    return appendFirst ? Math.min(journal.end, this.spool.window.end) : this.spool.window.end;
  }

  /** Consecutive runs that lie side by side in one buffer. */
  #fromMemory(maxFrames: number): FramePiece | undefined {
    const { spool } = this;
    const { window, options } = spool;
    const limit = this.#sendLimit();
    if (spool.sent >= limit) return undefined;
    let index = window.indexOf(spool.sent);
    const buffer = window.at(index)!.buffer.retain();
    const runs: FrameRun[] = [];
    const begin = window.startOf(spool.sent);
    let end = begin;
    let left = maxFrames;
    for (let run = window.at(index); run !== undefined && left > 0; run = window.at(++index)) {
      if (run.buffer !== buffer || run.first >= limit) break;
      if (end > begin && (run.start !== end || run.end - begin > PIECE_BYTES)) break;
      const rest = run.first + run.frames - spool.sent;
      const frames = Math.min(rest, left);
      const start = end;
      end = frames === rest ? run.end : skipFrames(options.framer, buffer.bytes, start, run.end, frames);
      runs.push({ first: spool.sent, frames, start, end, arrivedUs: run.arrivedUs });
      left -= frames;
      spool.sent += frames;
      if (frames < rest) window.noteStart(run, spool.sent, end);
    }
    return { buffer, framer: options.framer, runs, release: () => buffer.release() };
  }

  #fromJournal(maxFrames: number): FramePiece | undefined {
    const { spool } = this;
    const { sent } = spool;
    const piece = this.#journal.take(sent, maxFrames);
    if (piece === undefined) return undefined;
    const { runs } = piece;
    if (runs[0].first > sent) this.#passOver(sent, runs[0].first);
    const last = runs[runs.length - 1];
    spool.sent = last.first + last.frames;
    if (spool.sent >= spool.window.first) spool.settled();
    return piece;
  }

  /** Frames [from, until) are in the journal no more. Of what was to be sent again, some may not have been read. */
  #passOver(from: number, until: number): void {
    const { confirmed, rewind } = this.spool;
    rewind.noteGone(Math.max(from, rewind.unreadFrom(confirmed)), Math.min(until, confirmed));
    this.spool.skip(from, until);
  }

  /** Goes on behind frames that are in the journal no more; the reader has counted those it found damaged. */
  #skipUnreadable(): void {
    const { spool } = this;
    const { sent, window } = spool;
    const readable = Math.min(this.#journal.position, window.first);
    if (readable > sent) return this.#passOver(sent, readable);
    const from = Math.max(sent, spool.confirmed);
    spool.options.log.error("frames are missing from the journal", { from, until: window.first });
    spool.options.ledger.drop("damaged", Math.max(0, window.first - from), 0);
    spool.skip(sent, window.first);
  }
}
