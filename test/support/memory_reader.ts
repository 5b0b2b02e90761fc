/** Reads a journal in memory back: whole records, as many as a buffer holds. */
import type { BufferPool } from "../../src/base/buffer.ts";
import type { BatchPart, Journal, JournalBatch, JournalReader } from "../../src/journal/journal.ts";
import type { MemoryStore } from "./memory_store.ts";

export class MemoryReader implements JournalReader {
  #closed = false;

  constructor(
    private readonly journal: Pick<Journal, "end">,
    private readonly store: MemoryStore,
    private readonly pool: BufferPool,
    public position: number,
  ) {}

  seek(sequence: number): void {
    this.position = sequence;
  }

  async next(sole: boolean): Promise<JournalBatch | undefined> {
    await Promise.resolve();
    const records = this.store.records.filter(({ end }) => end > this.position && end <= this.journal.end);
    if (this.#closed) return undefined;
    if (records.length === 0) {
      this.position = Math.max(this.position, this.journal.end);
      return undefined;
    }
    const [front] = records;
    const size = Math.max(front.bytes.length, this.pool.bufferBytes);
    const buffer = this.pool.takeReserved(size, sole);
    if (buffer === undefined) return undefined;
    const first = Math.max(this.position, front.first);
    const parts: BatchPart[] = [];
    let end = 0;
    for (const { framer, bytes, frames, arrivedUs, ...record } of records) {
      const from = Math.max(first, record.first);
      const part = bytes.subarray(front.first === record.first ? front.offsetOf(first) : 0);
      if (framer !== front.framer || end + part.length > buffer.bytes.length) break;
      buffer.bytes.set(part, end);
      parts.push({ first: from, frames: record.first + frames - from, offset: end, arrivedUs });
      end += part.length;
      this.position = record.first + frames;
    }
    const frames = parts.reduce((sum, part) => sum + part.frames, 0);
    return { buffer, start: 0, end, first, frames, framer: front.framer, parts };
  }

  close(): void {
    this.#closed = true;
  }
}
