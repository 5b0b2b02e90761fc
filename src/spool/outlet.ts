/**
 * The target's side of the spool: a stream of bytes to send, and the
 * translation of "so many bytes are confirmed" into frames.
 *
 * The stream of a connection begins at a frame, `rewind` bytes before the first
 * unconfirmed one, and goes on through journal and memory without a seam. When
 * the connection ends, the first frame that was not wholly confirmed is found
 * exactly; nothing before it is sent again, `rewind` apart.
 */
import { skipFrames } from "../framing/skip.ts";
import type { JournalBatch } from "../journal/types.ts";
import { Flight } from "./flight.ts";
import { ReadAhead } from "./read_ahead.ts";
import type { Spool } from "./spool.ts";

/** Bytes to send, as they lie in memory; `release` when they are written. */
export interface Outgoing {
  readonly bytes: Uint8Array;
  release(): void;
}

/** Bytes handed out at once at most; the rest of a run follows in the next. */
const OUTGOING_BYTES = 1024 * 1024;

export class Outlet {
  readonly #flight = new Flight();
  readonly #journal: ReadAhead;
  #open = false;
  #highestSent = 0;

  constructor(private readonly spool: Spool) {
    const { journal, pool } = spool.options;
    this.#journal = new ReadAhead(journal.reader(pool));
  }

  /** Bytes handed out on this connection. */
  get position(): number {
    return this.#flight.position;
  }

  /** A new connection: positions the stream. Returns how many frames the consumer may see a second time. */
  async begin(): Promise<number> {
    const { spool } = this;
    this.#flight.reset();
    this.#open = true;
    // A run that is partly confirmed becomes two, so that what `rewind` sends again is not counted again.
    if (spool.confirmed > spool.window.first && spool.confirmed < spool.window.end) this.#cutAt(spool.confirmed);
    spool.sent = await this.#resumePoint();
    const again = Math.max(0, this.#highestSent - spool.sent);
    spool.options.ledger.resentFrames += again;
    spool.targetUp();
    return again;
  }

  /** The next bytes to send; waits for some. Undefined once `interrupt` was called. */
  async next(): Promise<Outgoing | undefined> {
    const { spool } = this;
    while (this.#open) {
      const outgoing = spool.sent < spool.window.first ? await this.#fromJournal() : this.#fromMemory();
      if (outgoing !== undefined) {
        this.#highestSent = Math.max(this.#highestSent, spool.sent);
        return outgoing;
      }
      if (this.#open && !this.#ready()) await spool.sendable.wait();
    }
    return undefined;
  }

  /** Ends a `next` that waits: the connection is lost or to be closed. */
  interrupt(): void {
    this.#open = false;
    this.spool.sendable.notify();
  }

  /** The first `position` bytes of this connection's stream are confirmed. Moves by whole parts. */
  confirm(position: number): void {
    let frames = 0;
    let bytes = 0;
    let until = 0;
    for (let part = this.#flight.take(position); part !== undefined; part = this.#flight.take(position)) {
      until = part.first + part.frames;
      if (part.first < this.spool.confirmed) continue;
      frames += part.frames;
      bytes += part.bytes;
    }
    if (until > 0) this.spool.confirm(until, frames, bytes);
  }

  /** The connection has ended with `position` bytes confirmed: finds the exact first unconfirmed frame. */
  async settle(position: number): Promise<void> {
    this.interrupt();
    this.confirm(position);
    const { spool } = this;
    const part = this.#flight.oldest();
    const offset = part === undefined ? 0 : position - (part.position - part.bytes);
    if (part !== undefined && offset > 0 && part.first >= spool.confirmed) {
      if (part.first >= spool.window.first) this.#settleInMemory(part.first, offset);
      else await this.#settleInJournal(part.first, offset);
    }
    spool.targetLost();
  }

  async close(): Promise<void> {
    this.interrupt();
    await this.#journal.close();
  }

  #ready(): boolean {
    const { spool } = this;
    return spool.sent < spool.window.first || spool.sent < this.#sendLimit();
  }

  /** With `sync = "each"` nothing is sent that is not synced. */
  #sendLimit(): number {
    const { journal, appendFirst } = this.spool.options;
    return appendFirst ? Math.min(journal.end, this.spool.window.end) : this.spool.window.end;
  }

  /** Consecutive runs that lie side by side in one buffer. */
  #fromMemory(): Outgoing | undefined {
    const { spool } = this;
    const limit = this.#sendLimit();
    if (spool.sent >= limit) return undefined;
    this.#cutAt(spool.sent);
    let index = spool.window.indexOf(spool.sent);
    const head = spool.window.at(index)!;
    let end = head.start;
    for (let run = spool.window.at(index); run !== undefined; run = spool.window.at(++index)) {
      if (run.buffer !== head.buffer || run.start !== end || run.first >= limit) break;
      if (end > head.start && run.end - head.start > OUTGOING_BYTES) break;
      this.#flight.push(run.first, run.frames, run.end - run.start);
      end = run.end;
      spool.sent = run.first + run.frames;
    }
    const buffer = head.buffer.retain();
    return { bytes: buffer.bytes.subarray(head.start, end), release: () => buffer.release() };
  }

  async #fromJournal(): Promise<Outgoing | undefined> {
    const { spool } = this;
    const batch = await this.#journal.next(spool.sent, spool.window.first);
    if (batch === undefined) {
      this.#skipUnreadable();
      return undefined;
    }
    if (!this.#open) {
      this.#journal.release(batch);
      return undefined;
    }
    for (let i = 0; i < batch.parts.length; i++) this.#flyPart(batch, i);
    const last = batch.parts[batch.parts.length - 1]!;
    spool.sent = last.first + last.frames;
    if (spool.sent >= spool.window.first) spool.settled();
    const bytes = batch.buffer.bytes.subarray(batch.start, batch.end);
    return { bytes, release: () => this.#journal.release(batch) };
  }

  /** Goes on behind frames that are in the journal no more; the reader has counted those it found damaged. */
  #skipUnreadable(): void {
    const { spool } = this;
    const readable = Math.max(this.#journal.position, spool.sent);
    if (readable > spool.sent) {
      spool.sent = Math.min(readable, spool.window.first);
      return;
    }
    const frames = spool.window.first - spool.sent;
    spool.options.log.error("frames are missing from the journal", { from: spool.sent, until: spool.window.first });
    spool.options.ledger.drop("damaged", frames, 0);
    spool.sent = spool.window.first;
  }

  /** Notes a part of a batch, in two where the first unconfirmed frame is inside: confirmed frames count once. */
  #flyPart(batch: JournalBatch, index: number): void {
    const { confirmed } = this.spool;
    const part = batch.parts[index]!;
    const start = batch.start + part.offset;
    const end = index + 1 < batch.parts.length ? batch.start + batch.parts[index + 1]!.offset : batch.end;
    const known = confirmed - part.first;
    if (known <= 0 || known >= part.frames) {
      this.#flight.push(part.first, part.frames, end - start);
      return;
    }
    const middle = skipFrames(batch.framer, batch.buffer.bytes, start, end, known);
    this.#flight.push(part.first, known, middle - start);
    this.#flight.push(confirmed, part.frames - known, end - middle);
  }

  /** Makes a run begin at `sequence`, which is in the window. */
  #cutAt(sequence: number): void {
    const { window, options } = this.spool;
    const index = window.indexOf(sequence);
    const run = window.at(index)!;
    if (run.first === sequence) return;
    const frames = sequence - run.first;
    const middle = skipFrames(options.framer, run.buffer.bytes, run.start, run.end, frames);
    window.split(index, middle - run.start, frames);
  }

  #settleInMemory(first: number, offset: number): void {
    const { window, options } = this.spool;
    const run = window.at(window.indexOf(first))!;
    const scan = options.framer.scan(run.buffer.bytes, run.start, run.start, run.start + offset);
    if (scan.frames === 0) return;
    this.spool.confirm(first + scan.frames, scan.frames, scan.end - run.start);
  }

  async #settleInJournal(first: number, offset: number): Promise<void> {
    const batch = await this.#journal.next(first, first + 1);
    if (batch === undefined) return;
    const part = batch.parts[0]!;
    if (part.first === first) {
      const end = batch.parts[1] === undefined ? batch.end : batch.start + batch.parts[1].offset;
      const limit = Math.min(batch.start + offset, end);
      const scan = batch.framer.scan(batch.buffer.bytes, batch.start, batch.start, limit);
      this.spool.confirm(first + scan.frames, scan.frames, scan.end - batch.start);
    }
    this.#journal.release(batch);
  }

  /** The frame at which a new connection begins: `rewind` bytes back, as far as there is no gap. */
  async #resumePoint(): Promise<number> {
    const { spool } = this;
    const { journal, rewindBytes } = spool.options;
    const { window, confirmed } = spool;
    if (rewindBytes === 0) return confirmed;
    if (confirmed < window.first) return await journal.locateBack(confirmed, rewindBytes);
    const here = window.offsetOf(confirmed) - window.offsetOf(window.first);
    if (here >= rewindBytes) return this.#runAtOffset(window.offsetOf(confirmed) - rewindBytes);
    return await journal.locateBack(window.first, rewindBytes - here);
  }

  /** First frame of the run that holds the byte at `offset` of the route's stream: never later than asked. */
  #runAtOffset(offset: number): number {
    const { window, options } = this.spool;
    let index = window.length - 1;
    while (index > 0 && window.at(index)!.offset > offset) index--;
    const run = window.at(index)!;
    const within = Math.max(0, offset - run.offset);
    return run.first + options.framer.scan(run.buffer.bytes, run.start, run.start, run.start + within).frames;
  }
}
