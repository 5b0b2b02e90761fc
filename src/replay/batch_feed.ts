/**
 * The frames of an archive in buffers full, read one buffer ahead of the target
 * so that the disk and the socket work at the same time. What stands between
 * the frames, damage and gaps, is told to whoever asked, once, however often
 * the same frames are read.
 */
import type { BufferPool, PooledBuffer } from "../base/buffer.ts";
import type { Framer } from "../framing/framing.ts";
import type { ArchiveItem } from "../journal/archive.ts";
import type { FrameRun } from "../spool/frame_feed.ts";

type Frames = Extract<ArchiveItem, { kind: "frames" }>;
export type Loss = Exclude<ArchiveItem, { kind: "frames" }>;

/** The frames of records side by side in one buffer; whoever drops the batch releases that. */
export interface Batch {
  readonly buffer: PooledBuffer;
  readonly framer: Framer;
  readonly runs: FrameRun[];
}

export interface BatchFeedOptions {
  /** Begins to read at `sequence`, when `taken` of the frames that are wanted lie before it. */
  readonly read: (sequence: number, taken: number) => AsyncGenerator<ArchiveItem>;
  /** Gives buffers, also when more of them are in use than it should have. */
  readonly pool: BufferPool;
  readonly lost: (loss: Loss) => void;
}

export class BatchFeed {
  #passages: AsyncGenerator<ArchiveItem> | undefined;
  /** Read, and did not fit any more; its bytes are good until the next step. */
  #held: Frames | undefined;
  #ahead: Promise<Batch | undefined> | undefined;
  readonly #told = new Set<string>();

  constructor(private readonly options: BatchFeedOptions) {}

  /** Goes on at `sequence`, of which `taken` wanted frames lie before. */
  async seek(sequence: number, taken: number): Promise<void> {
    await this.close();
    this.#passages = this.options.read(sequence, taken);
  }

  /** The next frames; undefined after the last. Rejects where the files cannot be read. One call at a time, after a `seek`. */
  async next(): Promise<Batch | undefined> {
    const batch = await (this.#ahead ?? this.#fill());
    this.#ahead = batch === undefined ? undefined : this.#fill();
    // Whoever takes it sees the failure; until then it is no unhandled rejection.
    this.#ahead?.catch(() => {});
    return batch;
  }

  async close(): Promise<void> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    (await ahead?.catch(() => undefined))?.buffer.release();
    // Now that nothing is being read any more: reading ahead leaves something behind.
    this.#held = undefined;
    await this.#passages?.return(undefined);
    this.#passages = undefined;
  }

  async #fill(): Promise<Batch | undefined> {
    let batch: Batch | undefined;
    try {
      for (let end = 0;;) {
        const passage = this.#held ?? await this.#step();
        this.#held = undefined;
        if (passage === undefined) return batch;
        const { bytes, framer, first, frames, timeUs } = passage;
        batch ??= this.#begin(passage);
        if (batch.framer !== framer || end + bytes.length > batch.buffer.bytes.length) {
          this.#held = passage;
          return batch;
        }
        batch.buffer.bytes.set(bytes, end);
        batch.runs.push({ first, frames, start: end, end: end + bytes.length, arrivedUs: timeUs });
        end += bytes.length;
      }
    } catch (error) {
      batch?.buffer.release();
      throw error;
    }
  }

  #begin({ bytes, framer }: Frames): Batch {
    const { pool } = this.options;
    return { buffer: pool.takeReserved(Math.max(bytes.length, pool.bufferBytes), true)!, framer, runs: [] };
  }

  async #step(): Promise<Frames | undefined> {
    for (;;) {
      const { value, done } = await this.#passages!.next();
      if (done) return undefined;
      if (value.kind === "frames") return value;
      this.#tell(value);
    }
  }

  #tell(loss: Loss): void {
    // Where a gap begins depends on where the reading began, its end does not.
    const key = loss.kind === "damage" ? `${loss.segment} ${loss.offset}` : `${loss.kind} ${loss.until}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.options.lost(loss);
  }
}
