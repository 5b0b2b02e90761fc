/**
 * The files of a replay as what a connection to the target is fed from: what
 * the spool is for a route, over files that nobody changes, at the recorded
 * pace if that is wanted.
 */
import type { Clock } from "../base/clock.ts";
import { Condition } from "../base/condition.ts";
import { DeliveryStream } from "../spool/delivery_stream.ts";
import type {
  Confirmation,
  EndOfStream,
  FrameFeed,
  FramePiece,
  FrameRange,
  StreamOutcome,
} from "../spool/frame_feed.ts";
import type { BatchFeed } from "./batch_feed.ts";
import { type Checkpoint, Delivered } from "./delivered.ts";
import type { Pacer } from "./pacer.ts";
import { PartialBatch } from "./partial_batch.ts";

export interface ArchiveFeedOptions {
  readonly batches: BatchFeed;
  readonly clock: Clock;
  /** The first frame to send. */
  readonly first: number;
  /** Undefined: as fast as it goes. */
  readonly pacer: Pacer | undefined;
  /** Bytes handed out at once at most, or one larger frame. */
  readonly pieceBytes: number;
  /** Frames will be confirmed one by one. */
  readonly eachFrame: boolean;
  /** What a new connection is sent again of what is confirmed: so many bytes, or what may not have been read. */
  readonly rewind: number | "auto";
}

export class ArchiveFeed implements FrameFeed {
  /** Notified when something was confirmed, or the end was reached. */
  readonly changed = new Condition();
  readonly delivered: Delivered;
  /** Why the files could not be read any further. */
  failure: unknown;
  #stream: DeliveryStream | undefined;
  #rest: PartialBatch | undefined;
  /** Where the next batch is to be read from; undefined: behind the last one. */
  #seekTo: number | undefined;
  /** Everything that is wanted has been taken. */
  #exhausted = false;
  #waking = new AbortController();
  #start: number;
  #isFinished = false;

  constructor(private readonly options: ArchiveFeedOptions) {
    this.delivered = new Delivered(options.first, options.rewind);
    this.#start = options.first;
  }

  get confirmed(): number {
    return this.delivered.confirmed;
  }

  /** Frames handed out on this connection and not confirmed on it. */
  get framesInFlight(): number {
    return this.#stream?.framesInFlight ?? 0;
  }

  /** Everything was sent, and is confirmed on the connection there is. */
  get isAllConfirmed(): boolean {
    return this.#exhausted && this.framesInFlight === 0;
  }

  /** Everything was sent and is confirmed, and nothing has to be sent again: known when a connection has ended. */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** Where the next connection begins. */
  get start(): number {
    return this.#start;
  }

  get rewind(): number | "auto" {
    return this.options.rewind;
  }

  /** Where another run of the same replay goes on. */
  get checkpoint(): Checkpoint {
    return this.delivered.checkpoint;
  }

  /** How far the target has come for good, as a sequence. */
  get progress(): number {
    return this.rewind === "auto" ? this.delivered.unreadFrom : this.delivered.confirmed;
  }

  /** Bytes that are confirmed and may not have been read, about. */
  get unreadBytes(): number {
    return this.delivered.unreadBytes;
  }

  /** For a new connection, one at a time. */
  begin(): DeliveryStream {
    if (this.#stream !== undefined) throw new Error("a connection begins before the last one has ended");
    const start = this.#start;
    const { sentBefore } = this.delivered;
    this.#seek(start);
    this.delivered.begun(start);
    return this.#stream = new DeliveryStream(this, { start, sentBefore, eachFrame: this.options.eachFrame });
  }

  take(maxFrames: number): FramePiece | undefined {
    const rest = this.#rest;
    const nowMs = this.options.clock.monotonicMs();
    if (rest === undefined || !rest.isDue(nowMs)) return undefined;
    const piece = rest.cut(maxFrames, this.options.pieceBytes, nowMs);
    if (rest.isEmpty) this.#drop();
    return piece;
  }

  async ready(): Promise<void> {
    const { clock } = this.options;
    const waking = this.#waking.signal;
    try {
      if (this.#rest === undefined && !this.#exhausted) return await this.#load();
    } catch (error) {
      this.failure ??= error;
      throw error;
    }
    if (this.#rest !== undefined) await clock.sleep(this.#rest.dueMs - clock.monotonicMs(), waking);
    else if (!waking.aborted) await new Promise((resolve) => waking.addEventListener("abort", resolve, { once: true }));
  }

  wake(): void {
    this.#waking.abort();
    this.#waking = new AbortController();
  }

  confirm(confirmation: Confirmation): void {
    this.delivered.confirm(confirmation);
    this.changed.notify();
  }

  resending(range: FrameRange): void {
    this.delivered.sentAgain(range);
  }

  goBack(): void {
    this.#seek(this.confirmed);
  }

  async reread(first: number): Promise<FramePiece | undefined> {
    const { batches } = this.options;
    const isExhausted = this.#exhausted;
    this.#seek(first);
    this.#exhausted = isExhausted;
    try {
      await batches.seek(first, this.#framesBefore(first));
      const batch = await batches.next();
      if (batch === undefined) return undefined;
      const piece = { ...batch, release: () => batch.buffer.release() };
      if (batch.runs[0].first === first) return piece;
      piece.release();
    } catch { // more is sent again, and the next connection tells why
    }
    return undefined;
  }

  async ended(end: EndOfStream): Promise<StreamOutcome> {
    const { delivered, rewind } = this;
    delivered.ended(end);
    this.#isFinished = this.isAllConfirmed && (rewind === 0 || delivered.unreadFrom === delivered.confirmed);
    this.#stream = undefined;
    this.#drop();
    this.#start = rewind === "auto" ? delivered.unreadFrom : await this.#rewound(rewind);
    return {
      mayRepeat: Math.max(0, end.writtenUntil - this.#start),
      mayBeLostBytes: Math.max(0, end.unreadBytes - delivered.bytesFrom(this.#start)),
      unreadBytes: end.unreadBytes,
    };
  }

  /** The frame that has the byte so many bytes before the first unconfirmed one. */
  async #rewound(bytes: number): Promise<number> {
    const { delivered } = this;
    const behind = bytes === 0 ? undefined : delivered.runBehind(bytes);
    if (behind === undefined) return delivered.confirmed;
    const { run, before } = behind;
    const piece = before === 0 ? undefined : await this.reread(run.first);
    if (piece === undefined) return run.first;
    const { start, end } = piece.runs[0];
    const { frames } = piece.framer.scan(piece.buffer.bytes, start, start, Math.min(end, start + before));
    piece.release();
    return run.first + frames;
  }

  /**
   * Between two connections: is there anything left? A consumer may go as soon
   * as it has the last frame, and the files may take a while to tell that it
   * was the last. What cannot be read is for the next connection to tell.
   */
  async isAtEnd(): Promise<boolean> {
    const { batches } = this.options;
    this.#seek(this.#start);
    try {
      await batches.seek(this.#start, this.#framesBefore(this.#start));
      const batch = await batches.next();
      batch?.buffer.release();
      return batch === undefined;
    } catch { // see above
      return false;
    }
  }

  async close(): Promise<void> {
    this.wake();
    this.#drop();
    await this.options.batches.close();
  }

  /** How many of the frames that are wanted lie before one that was handed out, or is next to be. */
  #framesBefore(sequence: number): number {
    let frames = this.delivered.framesBefore(sequence);
    for (const part of this.#stream?.inFlight.parts() ?? []) {
      if (part.first >= sequence) break;
      if (part.first >= this.confirmed) frames += part.frames;
    }
    return frames;
  }

  #seek(sequence: number): void {
    this.#drop();
    this.#seekTo = sequence;
    this.#exhausted = false;
  }

  /** Reads the next batch, or finds that there is none. */
  async #load(): Promise<void> {
    const { batches, pacer } = this.options;
    const seekTo = this.#seekTo;
    if (seekTo !== undefined) {
      this.#seekTo = undefined;
      pacer?.restart();
      await batches.seek(seekTo, this.#framesBefore(seekTo));
    }
    const batch = await batches.next();
    if (batch !== undefined) this.#rest = new PartialBatch(batch, pacer);
    else this.#exhausted = true;
    if (this.isAllConfirmed) this.changed.notify();
  }

  /** Lets go of what was read and not handed out. */
  #drop(): void {
    this.#rest?.release();
    this.#rest = undefined;
  }
}
