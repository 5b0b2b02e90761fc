/**
 * Feeds the connections of a replay with the frames of an archive, at the
 * recorded pace if that is wanted: what the spool's feed is for a route, over
 * segments that do not change.
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
import { BatchPieces } from "./batch_pieces.ts";
import { type Batch, BatchReader, type BatchReaderOptions } from "./batch_reader.ts";
import type { Pacer } from "./pacer.ts";
import { ReplayProgress } from "./progress.ts";

export interface ArchiveFeedOptions extends BatchReaderOptions {
  readonly clock: Clock;
  /** Undefined: as fast as possible. */
  readonly pacer: Pacer | undefined;
  /** Bytes in a piece at most, one larger frame apart. */
  readonly pieceBytes: number;
  /** Will frames be confirmed one by one? */
  readonly eachFrame: boolean;
  /** How much of what is confirmed a new connection is sent again: bytes, or `auto`: what may not have been read. */
  readonly rewind: number | "auto";
}

export class ArchiveFeed implements FrameFeed {
  /** Notified when something was confirmed, or the end was reached. */
  readonly changed = new Condition();
  readonly progress: ReplayProgress;
  /** Why the archive could not be read any further. */
  failure: unknown;
  readonly #reader: BatchReader;
  #stream: DeliveryStream | undefined;
  #batch: BatchPieces | undefined;
  /** Where the next batch is to be read; undefined: after the last one. */
  #seekTo: number | undefined;
  /** All selected frames have been taken. */
  #isExhausted = false;
  #isFinished = false;
  #start: number;
  #waking = new AbortController();

  constructor(private readonly options: ArchiveFeedOptions) {
    this.#reader = new BatchReader(options);
    this.progress = new ReplayProgress(options.first, options.rewind);
    this.#start = options.first;
  }

  get confirmed(): number {
    return this.progress.confirmed;
  }

  /** Frames handed out on this connection and not confirmed on it. */
  get framesInFlight(): number {
    return this.#stream?.framesInFlight ?? 0;
  }

  /** Is everything sent, and confirmed on the present connection? */
  get isAllConfirmed(): boolean {
    return this.#isExhausted && this.framesInFlight === 0;
  }

  /** Between two connections: is everything sent and confirmed, with nothing to send again? */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** Where the next connection begins. */
  get start(): number {
    return this.#start;
  }

  /** For a new connection, one at a time. */
  begin(): DeliveryStream {
    if (this.#stream !== undefined) throw new Error("a connection begins before the last one has ended");
    const start = this.#start;
    this.#seek(start);
    this.progress.begun(start);
    const { sentBefore } = this.progress;
    return this.#stream = new DeliveryStream(this, { start, sentBefore, eachFrame: this.options.eachFrame });
  }

  take(maxFrames: number): FramePiece | undefined {
    const batch = this.#batch;
    const nowMs = this.options.clock.monotonicMs();
    if (batch === undefined || !batch.isDue(nowMs)) return undefined;
    const piece = batch.take(maxFrames, this.options.pieceBytes, nowMs);
    if (batch.isEmpty) this.#dropBatch();
    return piece;
  }

  async ready(): Promise<void> {
    const { clock } = this.options;
    const waking = this.#waking.signal;
    if (this.#batch !== undefined) await clock.sleep(this.#batch.dueMs - clock.monotonicMs(), waking);
    else if (!this.#isExhausted) await this.#load();
    else await new Promise((resolve) => waking.addEventListener("abort", resolve, { once: true }));
  }

  wake(): void {
    this.#waking.abort();
    this.#waking = new AbortController();
  }

  confirm(confirmation: Confirmation): void {
    this.progress.confirm(confirmation);
    this.changed.notify();
  }

  resending(range: FrameRange): void {
    this.progress.sentAgain(range);
  }

  goBack(): void {
    this.#seek(this.confirmed);
  }

  async reread(first: number): Promise<FramePiece | undefined> {
    this.#dropBatch();
    try {
      const batch = await this.#reader.reread(first);
      if (batch === undefined) return undefined;
      const piece = { ...batch, release: () => batch.buffer.release() };
      if (batch.runs[0].first === first) return piece;
      piece.release();
    } catch { // more is sent again; reading for the next connection fails too, and reports why
    }
    return undefined;
  }

  async ended(end: EndOfStream): Promise<StreamOutcome> {
    const { progress, options: { rewind } } = this;
    progress.ended(end);
    this.#isFinished = this.isAllConfirmed && (rewind === 0 || progress.unreadFrom === progress.confirmed);
    this.#stream = undefined;
    this.#dropBatch();
    this.#start = rewind === "auto" ? progress.unreadFrom : await this.#rewound(rewind);
    return {
      mayRepeat: Math.max(0, end.writtenUntil - this.#start),
      mayBeLostBytes: Math.max(0, end.unreadBytes - progress.bytesFrom(this.#start)),
      unreadBytes: end.unreadBytes,
    };
  }

  /**
   * Between two connections: is there nothing left to send? A consumer may close
   * as soon as it has the last frame, before it is known here that it was the
   * last. False if the archive cannot be read: the next connection reports why.
   */
  async isAtEnd(): Promise<boolean> {
    try {
      const batch = await this.#readFrom(this.#start);
      batch?.buffer.release();
      return batch === undefined;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    this.wake();
    this.#dropBatch();
    await this.#reader.close();
  }

  /** The frame with the byte `bytes` before the first unconfirmed frame. */
  async #rewound(bytes: number): Promise<number> {
    const { progress } = this;
    const behind = bytes === 0 ? undefined : progress.partBehind(bytes);
    if (behind === undefined) return progress.confirmed;
    const { part, before } = behind;
    const piece = before === 0 ? undefined : await this.reread(part.first);
    if (piece === undefined) return part.first;
    const { start, end } = piece.runs[0];
    const { frames } = piece.framer.scan(piece.buffer.bytes, start, start, Math.min(end, start + before));
    piece.release();
    return part.first + frames;
  }

  #seek(sequence: number): void {
    this.#dropBatch();
    this.#seekTo = sequence;
    this.#isExhausted = false;
  }

  /** Reads the next batch, or finds that there is none. */
  async #load(): Promise<void> {
    const { pacer } = this.options;
    const seekTo = this.#seekTo;
    this.#seekTo = undefined;
    if (seekTo !== undefined) pacer?.restart();
    try {
      const batch = await (seekTo === undefined ? this.#reader.next() : this.#readFrom(seekTo));
      if (batch !== undefined) this.#batch = new BatchPieces(batch, pacer);
      else this.#isExhausted = true;
    } catch (error) {
      this.failure ??= error;
      throw error;
    }
    if (this.isAllConfirmed) this.changed.notify();
  }

  async #readFrom(sequence: number): Promise<Batch | undefined> {
    await this.#reader.seek(sequence, this.progress.framesBefore(sequence));
    return await this.#reader.next();
  }

  /** Releases what was read and not handed out. */
  #dropBatch(): void {
    this.#batch?.release();
    this.#batch = undefined;
  }
}
