/**
 * What a journal in memory leaves behind: records in segments, and the cursor.
 * It outlives the process that writes it, as a server would. A power loss takes
 * what was not synced, in part or all of it.
 */
import { SystemError } from "../../src/base/error.ts";
import type { Random } from "./memory_inode.ts";
import { type StoredRecord, StoredSegment } from "./memory_records.ts";

export interface StoredCursor {
  readonly cursor: number;
  /** The first frame that the consumer's program may not have read, and the first of those that no kernel has. */
  readonly unreadFrom: number;
  readonly resendFrom: number;
  readonly riskBytes: number;
  readonly clean: boolean;
}

/** Asked before each operation on records or cursor; what it returns makes the operation fail. Of a write, `written` bytes get through. */
export type StoreFaults = (
  operation: "write" | "sync",
  on: "records.seg" | "cursor",
) => { readonly code: string; readonly written?: number } | undefined;

export class MemoryStore {
  segments: StoredSegment[] = [];
  cursor: StoredCursor | undefined;
  readonly quarantined = new Map<number, Uint8Array>();
  faults: StoreFaults = () => undefined;
  /** What fits into it, in bytes. */
  capacity = Number.POSITIVE_INFINITY;
  crashed = false;
  #syncedCursor: StoredCursor | undefined;
  /** Records below this survive a power loss. */
  #syncedEnd = 0;

  constructor(readonly name: string, readonly segmentBytes: number) {}

  get records(): StoredRecord[] {
    return this.segments.flatMap(({ records }) => records);
  }

  get bytes(): number {
    return this.segments.reduce((sum, { size }) => sum + size, 0);
  }

  /** Sequence of the next frame to deliver: none before the first one that is there. */
  get next(): number {
    return Math.max(this.cursor?.cursor ?? 0, this.records[0]?.first ?? 0);
  }

  /** Sequence that the next frame will have. */
  get end(): number {
    return Math.max(this.segments.at(-1)?.end ?? 0, this.cursor?.cursor ?? 0);
  }

  /** Throws the `SystemError` that this operation is to fail with, if it is. */
  check(operation: "write" | "sync", on: "records.seg" | "cursor"): void {
    if (this.crashed) throw new SystemError("EIO", operation, this.name);
    const fault = this.faults(operation, on);
    if (fault !== undefined) throw new SystemError(fault.code, operation, this.name);
  }

  writeCursor(cursor: StoredCursor): void {
    this.check("write", "cursor");
    this.cursor = cursor;
  }

  syncRecords(): void {
    this.check("sync", "records.seg");
    this.#syncedEnd = this.end;
  }

  syncCursor(): void {
    this.check("sync", "cursor");
    this.#syncedCursor = this.cursor;
  }

  /** The process that writes it is dead: nothing more succeeds. */
  crash(): void {
    this.crashed = true;
  }

  /** What the next process finds. */
  afterCrash(): MemoryStore {
    const next = new MemoryStore(this.name, this.segmentBytes);
    next.segments = this.segments.map(({ base, records }) => new StoredSegment(base, [...records]));
    next.cursor = this.cursor;
    next.#syncedCursor = this.#syncedCursor;
    next.#syncedEnd = this.#syncedEnd;
    for (const [sequence, frame] of this.quarantined) next.quarantined.set(sequence, frame);
    return next;
  }

  /** Likewise after a power loss: of what was not synced, `random` decides how much of the beginning is left. */
  afterPowerLoss(random: Random): MemoryStore {
    const next = this.afterCrash();
    const kept = next.#syncedEnd + Math.floor(random() * (next.end - next.#syncedEnd + 1));
    next.segments = next.segments.map(({ base, records }) =>
      new StoredSegment(base, records.filter(({ end }) => end <= kept))
    ).filter(({ records, base }) => records.length > 0 || base <= this.#syncedEnd);
    if (random() < 0.5) next.cursor = next.#syncedCursor;
    next.#syncedCursor = next.cursor;
    next.#syncedEnd = next.end;
    return next;
  }
}
