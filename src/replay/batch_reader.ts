/**
 * The selected frames of an archive in buffers, read one buffer ahead of the
 * target so that the disk and the socket work at the same time. Damage and
 * missing frames between them are reported once, however often they are read.
 */
import type { BufferPool, PooledBuffer } from "../base/buffer.ts";
import type { Framer } from "../framing/framing.ts";
import type { ArchiveItem, Selection } from "../journal/archive.ts";
import type { FrameRun } from "../spool/frame_feed.ts";

type Frames = Extract<ArchiveItem, { kind: "frames" }>;

/** What is found instead of frames. */
export type ArchiveGap = Exclude<ArchiveItem, { kind: "frames" }>;

/** The frames of records side by side in one buffer, which the user of the batch releases. */
export interface Batch {
  readonly buffer: PooledBuffer;
  readonly framer: Framer;
  readonly runs: FrameRun[];
}

export interface BatchReaderOptions {
  /** Reads the archive. */
  readonly read: (selection: Selection) => AsyncGenerator<ArchiveItem>;
  readonly selection: Selection;
  /** Sequence of the first selected frame. */
  readonly first: number;
  /** Grants buffers even if more of them are in use than it has. */
  readonly pool: BufferPool;
  readonly onGap: (gap: ArchiveGap) => void;
}

/** A pass through the archive. */
interface Reading {
  readonly items: AsyncGenerator<ArchiveItem>;
  /** Read, and too much for the last batch; its bytes are valid until the next step. */
  held: Frames | undefined;
}

export class BatchReader {
  #reading: Reading | undefined;
  #ahead: Promise<Batch | undefined> | undefined;
  readonly #reported = new Set<string>();

  constructor(private readonly options: BatchReaderOptions) {}

  /** Continues at `sequence`, before which there are `selectedBefore` of the selected frames. */
  async seek(sequence: number, selectedBefore: number): Promise<void> {
    await this.close();
    const { read, selection, first } = this.options;
    const limit = selection.limit === undefined ? undefined : selection.limit - selectedBefore;
    // From the beginning everything is reported that the selection has before its first frame.
    this.#reading = begin(read(sequence <= first ? selection : { ...selection, from: sequence, limit }));
  }

  /** The next frames; undefined after the last. Rejects if the archive cannot be read. One call at a time, after a `seek`. */
  async next(): Promise<Batch | undefined> {
    const batch = await (this.#ahead ?? this.#fill(this.#reading!, true));
    this.#ahead = batch === undefined ? undefined : this.#fill(this.#reading!, true);
    // A failure is thrown by the next call; until then it must not count as unhandled.
    this.#ahead?.catch(() => {});
    return batch;
  }

  /** Ends the reading, and reads the frames from `first` on once more. */
  async reread(first: number): Promise<Batch | undefined> {
    await this.close();
    const { read, selection } = this.options;
    const reading = begin(read({ ...selection, from: first, limit: undefined }));
    try {
      return await this.#fill(reading, false);
    } finally {
      await reading.items.return(undefined);
    }
  }

  async close(): Promise<void> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    (await ahead?.catch(() => undefined))?.buffer.release();
    await this.#reading?.items.return(undefined);
    this.#reading = undefined;
  }

  async #fill(reading: Reading, reports: boolean): Promise<Batch | undefined> {
    let batch: Batch | undefined;
    try {
      for (let end = 0;;) {
        const frames = reading.held ?? await this.#nextFrames(reading, reports);
        reading.held = undefined;
        if (frames === undefined) return batch;
        const { bytes, framer, first, timeUs } = frames;
        batch ??= this.#allocate(frames);
        if (batch.framer !== framer || end + bytes.length > batch.buffer.bytes.length) {
          reading.held = frames;
          return batch;
        }
        batch.buffer.bytes.set(bytes, end);
        batch.runs.push({ first, frames: frames.frames, start: end, end: end + bytes.length, arrivedUs: timeUs });
        end += bytes.length;
      }
    } catch (error) {
      batch?.buffer.release();
      throw error;
    }
  }

  #allocate({ bytes, framer }: Frames): Batch {
    const { pool } = this.options;
    return { buffer: pool.takeReserved(Math.max(bytes.length, pool.bufferBytes), true)!, framer, runs: [] };
  }

  async #nextFrames({ items }: Reading, reports: boolean): Promise<Frames | undefined> {
    for (;;) {
      const { value, done } = await items.next();
      if (done) return undefined;
      if (value.kind === "frames") return value;
      if (reports) this.#report(value);
    }
  }

  #report(gap: ArchiveGap): void {
    // The beginning of a range depends on where the reading began, its end does not.
    const key = gap.kind === "damage" ? `${gap.segment} ${gap.offset}` : `${gap.kind} ${gap.until}`;
    if (this.#reported.has(key)) return;
    this.#reported.add(key);
    this.options.onGap(gap);
  }
}

function begin(items: AsyncGenerator<ArchiveItem>): Reading {
  return { items, held: undefined };
}
