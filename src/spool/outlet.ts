/**
 * The target's side of the spool: a stream of bytes to send, and the
 * translation of "so many bytes are confirmed" or "so many frames are answered"
 * into sequences.
 *
 * The stream of a connection begins at a frame, `rewind` bytes before the first
 * unconfirmed one, and goes on through journal and memory without a seam. When
 * the connection ends, the first frame that was not wholly confirmed is found
 * exactly; nothing before it is sent again, `rewind` apart.
 */
import type { PooledBuffer } from "../base/buffer.ts";
import { frameEnds } from "../framing/frame_ends.ts";
import type { Framer } from "../framing/framing.ts";
import { skipFrames } from "../framing/skip.ts";
import type { Flight, Landed } from "./flight.ts";
import { JournalFeed, type Stretch } from "./journal_feed.ts";
import { resumePoint } from "./resume.ts";
import { settleWithin } from "./settle.ts";
import type { Spool } from "./spool.ts";

/** Bytes to send, as they lie in memory; `release` when they are written. */
export interface Outgoing {
  readonly bytes: Uint8Array;
  release(): void;
}

/** Bytes handed out at once at most; the rest of a run follows in the next. */
const OUTGOING_BYTES = 1024 * 1024;

export class Outlet {
  readonly #flight: Flight;
  readonly #feed: JournalFeed;
  #open = false;
  #highestSent = 0;

  /** `eachFrame`: frames will be confirmed one by one, with `answer`. */
  constructor(private readonly spool: Spool, private readonly eachFrame = false) {
    const { journal, pool } = spool.options;
    this.#feed = new JournalFeed(journal, pool);
    this.#flight = spool.flight;
  }

  /** Frames handed out on this connection and not confirmed on it. */
  get framesInFlight(): number {
    return this.#flight.frames;
  }

  /** A new connection: positions the stream. Returns how many frames the consumer may see a second time. */
  async begin(): Promise<number> {
    this.#flight.reset();
    this.#open = true;
    const back = await resumePoint(this.spool);
    // A segment that is being dropped may still be there.
    this.spool.sent = Math.max(back, this.spool.floor);
    this.spool.targetUp();
    return this.#countAgain();
  }

  /** On the same connection: once more from the first unconfirmed frame. What is in flight will not be confirmed. */
  goBack(): void {
    this.spool.giveUpInFlight();
    this.#flight.reset();
    this.#open = true;
    this.spool.sent = this.spool.confirmed;
    this.#countAgain();
  }

  /**
   * The next bytes to send, at most `maxFrames` frames (at least one); waits for
   * some. Undefined once `interrupt` was called.
   */
  async next(maxFrames = Number.POSITIVE_INFINITY): Promise<Outgoing | undefined> {
    const { spool } = this;
    while (this.#open) {
      const outgoing = spool.held > 0
        ? undefined
        : spool.sent < spool.window.first
        ? await this.#fromJournal(maxFrames)
        : this.#fromMemory(maxFrames);
      if (outgoing !== undefined) {
        this.#highestSent = Math.max(this.#highestSent, spool.sent);
        return outgoing;
      }
      if (this.#open && !this.#ready()) await spool.sendable.wait();
    }
    return undefined;
  }

  /** Ends a `next` that waits: the connection is lost, to be closed, or to go back. */
  interrupt(): void {
    this.#open = false;
    this.spool.sendable.notify();
  }

  /** The first `position` bytes of this connection's stream are confirmed. Moves by whole parts. */
  confirm(position: number): void {
    const flight = this.#flight;
    this.#confirm(() => flight.takeBelow(position));
  }

  /** The next `frames` frames are confirmed. */
  answer(frames: number): void {
    let left = frames;
    this.#confirm(() => {
      const landed = left > 0 ? this.#flight.take(left) : undefined;
      left -= landed?.frames ?? 0;
      return landed;
    });
  }

  /** Sequence of the oldest frame in flight; undefined if none is. */
  get oldestInFlight(): number | undefined {
    return this.#flight.oldest()?.first;
  }

  /**
   * The connection has ended with `position` bytes confirmed: finds the exact
   * first unconfirmed frame. Returns how many frames after it may have arrived.
   */
  async settle(position: number): Promise<number> {
    this.interrupt();
    this.confirm(position);
    await settleWithin(this.spool, this.#feed, position);
    return this.finish();
  }

  /** The connection has ended and everything that is confirmed was said. Returns how many frames more may have arrived. */
  finish(): number {
    this.interrupt();
    const { spool } = this;
    spool.targetLost();
    const mayRepeat = Math.max(0, spool.sent - spool.confirmed);
    this.#flight.reset();
    this.#feed.drop();
    spool.sent = spool.confirmed;
    return mayRepeat;
  }

  async close(): Promise<void> {
    this.interrupt();
    await this.#feed.close();
  }

  #countAgain(): number {
    const again = Math.max(0, this.#highestSent - this.spool.sent);
    this.spool.options.ledger.resentFrames += again;
    return again;
  }

  #ready(): boolean {
    const { spool } = this;
    return spool.held === 0 && (spool.sent < spool.window.first || spool.sent < this.#sendLimit());
  }

  /** With `sync = "each"` nothing is sent that is not synced. */
  #sendLimit(): number {
    const { journal, appendFirst } = this.spool.options;
    return appendFirst ? Math.min(journal.end, this.spool.window.end) : this.spool.window.end;
  }

  /** Consecutive runs that lie side by side in one buffer. */
  #fromMemory(maxFrames: number): Outgoing | undefined {
    const { spool } = this;
    const { window, options } = spool;
    const limit = this.#sendLimit();
    if (spool.sent >= limit) return undefined;
    let index = window.indexOf(spool.sent);
    const buffer = window.at(index)!.buffer.retain();
    const start = window.startOf(spool.sent);
    let end = start;
    let left = maxFrames;
    for (let run = window.at(index); run !== undefined && left > 0; run = window.at(++index)) {
      if (run.buffer !== buffer || run.first >= limit) break;
      if (end > start && (run.start !== end || run.end - start > OUTGOING_BYTES)) break;
      const rest = run.first + run.frames - spool.sent;
      const frames = Math.min(rest, left);
      const to = frames === rest ? run.end : skipFrames(options.framer, buffer.bytes, end, run.end, frames);
      this.#fly(buffer, options.framer, { first: spool.sent, frames, start: end, end: to, arrivedUs: run.arrivedUs });
      end = to;
      left -= frames;
      spool.sent += frames;
      if (frames < rest) window.noteStart(run, spool.sent, to);
    }
    return { bytes: buffer.bytes.subarray(start, end), release: () => buffer.release() };
  }

  async #fromJournal(maxFrames: number): Promise<Outgoing | undefined> {
    const { spool } = this;
    const { sent } = spool;
    const piece = await this.#feed.next(sent, spool.window.first, maxFrames);
    // Frames may have been given up meanwhile, or are about to be, or the connection.
    if (!this.#open || spool.sent !== sent || spool.held > 0) {
      piece?.release();
      this.#feed.drop();
      return undefined;
    }
    if (piece === undefined) {
      this.#skipUnreadable();
      return undefined;
    }
    const { buffer, framer, stretches } = piece;
    if (stretches[0].first > sent) spool.skip(sent, stretches[0].first);
    for (const stretch of stretches) this.#fly(buffer, framer, stretch);
    const last = stretches[stretches.length - 1];
    spool.sent = last.first + last.frames;
    if (spool.sent >= spool.window.first) spool.settled();
    return { bytes: buffer.bytes.subarray(stretches[0].start, last.end), release: () => piece.release() };
  }

  /** Goes on behind frames that are in the journal no more; the reader has counted those it found damaged. */
  #skipUnreadable(): void {
    const { spool } = this;
    const { sent, window } = spool;
    const readable = Math.min(this.#feed.position, window.first);
    if (readable > sent) return spool.skip(sent, readable);
    const from = Math.max(sent, spool.confirmed);
    spool.options.log.error("frames are missing from the journal", { from, until: window.first });
    spool.options.ledger.drop("damaged", Math.max(0, window.first - from), 0);
    spool.skip(sent, window.first);
  }

  /** Notes frames as handed out, in two parts where the first unconfirmed one is inside: confirmed frames count once. */
  #fly(buffer: PooledBuffer, framer: Framer, { first, frames, start, end, arrivedUs }: Stretch): void {
    const ends = (from: number, to: number, count: number) =>
      this.eachFrame ? frameEnds(framer, buffer.bytes, from, to, count) : undefined;
    const known = this.spool.confirmed - first;
    if (known <= 0 || known >= frames) {
      this.#flight.push(first, frames, end - start, arrivedUs, ends(start, end, frames));
      return;
    }
    const middle = skipFrames(framer, buffer.bytes, start, end, known);
    this.#flight.push(first, known, middle - start, arrivedUs, ends(start, middle, known));
    this.#flight.push(first + known, frames - known, end - middle, arrivedUs, ends(middle, end, frames - known));
  }

  #confirm(take: () => Landed | undefined): void {
    let frames = 0;
    let bytes = 0;
    let until = 0;
    for (let landed = take(); landed !== undefined; landed = take()) {
      until = landed.first + landed.frames;
      if (landed.first < this.spool.confirmed) continue;
      frames += landed.frames;
      bytes += landed.bytes;
    }
    if (until > 0) this.spool.confirm(until, frames, bytes);
  }
}
