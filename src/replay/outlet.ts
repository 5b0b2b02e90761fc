/**
 * The replay's side of a connection: a stream of bytes to send, and the
 * translation of what is confirmed into sequences. What the spool's outlet is
 * for a route, over files that nobody changes.
 *
 * A connection's stream begins at the first unconfirmed frame. When it ends,
 * the first frame that was not wholly confirmed is found exactly, by reading
 * the record once more in which the confirmed bytes end.
 */
import type { Clock } from "../base/clock.ts";
import { Condition } from "../base/condition.ts";
import { frameEnds } from "../framing/frame_ends.ts";
import { skipFrames } from "../framing/skip.ts";
import { Flight, type Landed } from "../spool/flight.ts";
import type { Outgoing } from "../spool/outlet.ts";
import type { AnsweredOutlet, ByteOutlet } from "../target/outlet.ts";
import type { Batch, BatchFeed, Stretch } from "./batch_feed.ts";
import type { Pacer } from "./pacer.ts";

export interface ReplayOutletOptions {
  readonly feed: BatchFeed;
  readonly clock: Clock;
  /** The first frame to send. */
  readonly first: number;
  /** Undefined: as fast as it goes. */
  readonly pacer: Pacer | undefined;
  /** Bytes handed out at once at most, or one larger frame. */
  readonly pieceBytes: number;
  /** Frames will be confirmed one by one, with `answer`. */
  readonly eachFrame: boolean;
}

/** What is left of a batch to be handed out. */
interface Rest {
  readonly batch: Batch;
  index: number;
  /** When the stretch at `index` is due; undefined: not asked yet. */
  dueMs: number | undefined;
}

export class ReplayOutlet implements ByteOutlet, AnsweredOutlet {
  /** Notified when something was confirmed, or the end was reached. */
  readonly changed = new Condition();
  /** Sequence of the first frame that is not confirmed. */
  confirmed: number;
  confirmedFrames = 0;
  confirmedBytes = 0;
  /** When the record of the last confirmed frame arrived, µs since 1970. */
  confirmedUs: number | undefined;
  /** Everything was sent and is confirmed. */
  drained = false;
  /** Why the files could not be read any further. */
  failure: unknown;
  readonly #flight = new Flight();
  #rest: Rest | undefined;
  #open = false;
  #seeking = true;
  #exhausted = false;
  #closing = new AbortController();
  readonly #woken = new Condition();

  constructor(private readonly options: ReplayOutletOptions) {
    this.confirmed = options.first;
  }

  get framesInFlight(): number {
    return this.#flight.frames;
  }

  get oldestInFlight(): number | undefined {
    return this.#flight.oldest()?.first;
  }

  /** A new connection: the stream begins at the first unconfirmed frame. */
  begin(): void {
    this.#forget();
    this.#open = true;
    this.#exhausted = false;
    this.#seeking = true;
    this.#closing = new AbortController();
  }

  goBack(): void {
    this.begin();
  }

  async next(maxFrames = Number.POSITIVE_INFINITY): Promise<Outgoing | undefined> {
    try {
      while (this.#open) {
        const rest = await this.#ahead();
        if (!this.#open) return undefined;
        if (rest === undefined) await this.#waitAtEnd();
        else if (!this.#isDue(rest)) {
          await this.options.clock.sleep(rest.dueMs! - this.options.clock.monotonicMs(), this.#closing.signal);
        } else return this.#cut(rest, maxFrames);
      }
      return undefined;
    } catch (error) {
      this.failure ??= error;
      throw error;
    }
  }

  interrupt(): void {
    this.#open = false;
    this.#closing.abort();
    this.#woken.notify();
  }

  confirm(position: number): void {
    for (let landed = this.#flight.takeBelow(position); landed; landed = this.#flight.takeBelow(position)) {
      this.#land(landed);
    }
  }

  answer(frames: number): void {
    for (let left = frames; left > 0 && this.#flight.frames > 0;) {
      const landed = this.#flight.take(left)!;
      left -= landed.frames;
      this.#land(landed);
    }
  }

  async settle(position: number, written = this.#flight.position): Promise<number> {
    this.interrupt();
    this.confirm(position);
    const bytes = this.#flight.reached(position);
    // Where it cannot be read once more, more is sent again; the next connection tells why.
    if (bytes > 0) await this.#settleIn(this.#flight.oldest()!.first, bytes).catch(() => {});
    return this.#finish(written);
  }

  finish(): number {
    return this.#finish(this.#flight.position);
  }

  /**
   * Between two connections: is there anything left? A consumer may go as soon
   * as it has the last frame, and the files may take a while to tell that it
   * was the last. What cannot be read is for the next connection to tell.
   */
  async lookForEnd(): Promise<void> {
    const { feed } = this.options;
    this.#seeking = true;
    try {
      await feed.seek(this.confirmed, this.confirmedFrames);
      const batch = await feed.next();
      if (batch === undefined) this.drained = true;
      else batch.buffer.release();
    } catch { // see above
    }
  }

  async close(): Promise<void> {
    this.finish();
    await this.options.feed.close();
  }

  /** Of what was handed out, only what was written can have arrived. */
  #finish(written: number): number {
    this.interrupt();
    let mayRepeat = 0;
    for (const part of this.#flight.parts()) if (part.position - part.bytes < written) mayRepeat += part.frames;
    this.#forget();
    return mayRepeat;
  }

  /** What is next to hand out; undefined after the last frame. */
  async #ahead(): Promise<Rest | undefined> {
    if (this.#rest !== undefined || this.#exhausted) return this.#rest;
    const { feed, pacer } = this.options;
    if (this.#seeking) {
      this.#seeking = false;
      pacer?.restart();
      await feed.seek(this.confirmed, this.confirmedFrames);
    }
    const batch = await feed.next();
    return this.#rest = batch === undefined ? undefined : { batch, index: 0, dueMs: undefined };
  }

  async #waitAtEnd(): Promise<void> {
    this.#exhausted = true;
    this.#noteEnd();
    while (this.#open) await this.#woken.wait();
  }

  #isDue(rest: Rest): boolean {
    const { pacer, clock } = this.options;
    if (pacer === undefined) return true;
    rest.dueMs ??= pacer.dueMs(rest.batch.stretches[rest.index].timeUs);
    return rest.dueMs <= clock.monotonicMs();
  }

  /** Stretches that are due and lie side by side, as many as may be sent now. */
  #cut(rest: Rest, maxFrames: number): Outgoing {
    const { batch } = rest;
    const { buffer, stretches } = batch;
    const { start } = stretches[rest.index];
    let end = start;
    for (let left = maxFrames; left > 0 && rest.index < stretches.length && this.#isDue(rest);) {
      const room = this.options.pieceBytes - (end - start);
      if (room <= 0) break;
      const taken = this.#take(rest, left, room, end > start);
      if (taken === undefined) break;
      this.#fly(batch, taken);
      left -= taken.frames;
      end = taken.end;
    }
    buffer.retain();
    if (rest.index === stretches.length) this.#drop();
    return { bytes: buffer.bytes.subarray(start, end), release: () => buffer.release() };
  }

  /** As much of the next stretch as `frames` and `bytes` allow; undefined if that is nothing, and it need not be one frame. */
  #take(rest: Rest, frames: number, bytes: number, mayBeNone: boolean): Stretch | undefined {
    const { batch: { buffer, framer, stretches }, index } = rest;
    const next = stretches[index];
    const { first, start, end, timeUs } = next;
    if (next.frames <= frames && end - start <= bytes) return this.#takeWhole(rest);
    const scan = framer.scan(buffer.bytes, start, start, Math.min(end, start + bytes));
    if (scan.frames === 0 && mayBeNone) return undefined;
    const count = Math.min(frames, Math.max(1, scan.frames));
    const middle = count === scan.frames ? scan.end : skipFrames(framer, buffer.bytes, start, end, count);
    if (count === next.frames) return this.#takeWhole(rest);
    stretches[index] = { first: first + count, frames: next.frames - count, start: middle, end, timeUs };
    return { first, frames: count, start, end: middle, timeUs };
  }

  #takeWhole(rest: Rest): Stretch {
    rest.dueMs = undefined;
    return rest.batch.stretches[rest.index++];
  }

  #fly({ buffer, framer }: Batch, { first, frames, start, end, timeUs }: Stretch): void {
    const ends = this.options.eachFrame ? frameEnds(framer, buffer.bytes, start, end, frames) : undefined;
    this.#flight.push(first, frames, end - start, timeUs, ends);
  }

  #land({ first, frames, bytes, arrivedUs }: Landed): void {
    this.confirmed = first + frames;
    this.confirmedFrames += frames;
    this.confirmedBytes += bytes;
    this.confirmedUs = arrivedUs;
    this.#noteEnd();
    this.changed.notify();
  }

  #noteEnd(): void {
    if (!this.#exhausted || this.#flight.frames > 0) return;
    this.drained = true;
    this.changed.notify();
  }

  /** Frames of the part that begins with `first` and end within its first `bytes` bytes are confirmed. */
  async #settleIn(first: number, bytes: number): Promise<void> {
    const { feed } = this.options;
    this.#drop();
    this.#seeking = true;
    await feed.seek(first, this.confirmedFrames);
    const batch = await feed.next();
    if (batch === undefined) return;
    const stretch = batch.stretches[0];
    const limit = Math.min(stretch.end, stretch.start + bytes);
    if (stretch.first === first) {
      const landed = this.#flight.takeWithin(batch.framer, batch.buffer.bytes, stretch.start, limit);
      if (landed !== undefined) this.#land(landed);
    }
    batch.buffer.release();
  }

  /** Lets go of what was read and not handed out. */
  #drop(): void {
    this.#rest?.batch.buffer.release();
    this.#rest = undefined;
  }

  #forget(): void {
    this.#drop();
    this.#flight.reset();
  }
}
