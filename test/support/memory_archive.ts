/** The archive's contract kept in memory, on what a `MemoryJournal` has left in its store. */
import type { Framing } from "../../src/framing/framing.ts";
import type {
  Archive,
  ArchiveItem,
  JournalSummary,
  ListedSegment,
  Missing,
  Range,
  ReadPlan,
  Selection,
} from "../../src/journal/archive.ts";
import type { StoredRecord, StoredSegment } from "./memory_records.ts";
import type { MemoryStore } from "./memory_store.ts";

export class MemoryArchive implements Archive {
  readonly mixture = undefined;
  /** As they were when it was opened. */
  readonly #segments: readonly StoredSegment[];

  constructor(private readonly store: MemoryStore) {
    this.#segments = store.segments.filter(({ records }) => records.length > 0);
  }

  get journals(): readonly string[] {
    return [this.store.name];
  }

  get framing(): Framing | undefined {
    return this.store.records[0]?.framer.framing;
  }

  get cursor(): number {
    return this.store.cursor?.cursor ?? 0;
  }

  async *list(): AsyncGenerator<ListedSegment> {
    for (const each of this.#segments) {
      const { base, end, records } = each;
      await Promise.resolve();
      yield {
        segment: this.#nameOf(each),
        base,
        end,
        frames: records.reduce((sum, { frames }) => sum + frames, 0),
        bytes: each.frameBytes,
        storedBytes: each.size,
        lowestUs: Math.min(...records.map(({ arrivedUs }) => arrivedUs)),
        highestUs: Math.max(...records.map(({ arrivedUs }) => arrivedUs)),
        state: each === this.#segments.at(-1) ? "open" : end <= this.cursor ? "delivered" : "sealed",
      };
    }
  }

  async *read(selection: Selection): AsyncGenerator<ArchiveItem> {
    const { from = 0, pending = false, until = Number.POSITIVE_INFINITY, limit = Number.POSITIVE_INFINITY } = selection;
    let position = Math.max(from, pending ? this.cursor : 0);
    let isFirst = true;
    let left = limit;
    for (const each of this.#segments) {
      await Promise.resolve();
      if (each.base >= until) return;
      const segment = this.#nameOf(each);
      if (!this.store.segments.includes(each)) {
        const removed = { from: Math.max(position, each.base), until: Math.min(each.end, until, this.cursor) };
        if (removed.from < removed.until) yield { kind: "removed", segment, ...removed };
        position = Math.max(position, removed.until);
        continue;
      }
      for (const record of each.records) {
        if (left <= 0) return;
        const start = isFirst ? Math.max(position, this.cursor) : position;
        const end = Math.min(record.previousEnd, record.first, until);
        if (start < end && record.end > position) yield { kind: "missing", segment, from: start, until: end };
        if (record.first >= until) return;
        isFirst = false;
        const first = Math.max(record.first, position);
        const last = Math.min(record.end, until, first + left);
        position = Math.max(position, record.end);
        if (first >= last || !isWithin(record, selection)) continue;
        left -= last - first;
        const { framer, arrivedUs: timeUs } = record;
        const bytes = record.bytes.subarray(record.offsetOf(first), record.offsetOf(last));
        yield { kind: "frames", segment, first, frames: last - first, timeUs, bytes, framer };
      }
    }
  }

  async plan(selection: Selection, eachRecord: (timeUs: number) => void = () => {}): Promise<ReadPlan> {
    const frames = [];
    const missing: Missing[] = [];
    for await (const item of this.read(selection)) {
      if (item.kind === "missing") missing.push({ segment: item.segment, from: item.from, until: item.until });
      if (item.kind !== "frames") continue;
      frames.push(item);
      eachRecord(item.timeUs);
    }
    const last = frames.at(-1);
    return {
      frames: frames.reduce((sum, item) => sum + item.frames, 0),
      bytes: frames.reduce((sum, item) => sum + item.bytes.length, 0),
      segments: new Set(frames.map(({ segment }) => segment)).size,
      first: frames[0]?.first,
      end: last === undefined ? 0 : last.first + last.frames,
      lowestUs: Math.min(...frames.map(({ timeUs }) => timeUs)),
      highestUs: Math.max(0, ...frames.map(({ timeUs }) => timeUs)),
      missing,
    };
  }

  removed({ from, until, pending }: Selection): Range | undefined {
    const oldest = this.#segments.find(({ end }) => end > (from ?? 0));
    if (from === undefined || pending || oldest === undefined || oldest.base <= from) return undefined;
    const end = Math.min(oldest.records[0].previousEnd, this.cursor, until ?? oldest.base);
    return from < end ? { from, until: end } : undefined;
  }

  #nameOf({ base }: StoredSegment): string {
    return `${this.store.name}/${base}`;
  }
}

/** What `summarizeJournal` finds out of a directory. */
export function summarizeStore(
  { records, segments, bytes, end, cursor: left, next: cursor }: MemoryStore,
): JournalSummary {
  const pending = records.filter((record) => record.end > cursor);
  return {
    cursor,
    end,
    pendingFrames: pending.reduce((sum, record) => sum + record.end - Math.max(record.first, cursor), 0),
    pendingBytes: pending.reduce((sum, record) => sum + record.bytesBetween(cursor, record.end), 0),
    oldestUs: pending[0]?.arrivedUs,
    journalBytes: bytes,
    segments: segments.length,
    clean: left?.clean,
    atRiskBytes: left?.riskBytes ?? 0,
  };
}

function isWithin(
  { arrivedUs }: StoredRecord,
  { sinceUs = 0, beforeUs = Number.POSITIVE_INFINITY }: Selection,
): boolean {
  return sinceUs <= arrivedUs && arrivedUs < beforeUs;
}
