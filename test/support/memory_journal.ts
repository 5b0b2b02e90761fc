/**
 * The journal's contract kept in memory, on a `MemoryStore`. It has no files and
 * no format: where the tests of the spool pass on it and on the journal in a
 * directory, they ask for nothing that the contract does not promise.
 */
import type { BufferPool } from "../../src/base/buffer.ts";
import { failedWith } from "../../src/base/error.ts";
import type { Tally } from "../../src/base/ledger.ts";
import type { Run } from "../../src/base/run.ts";
import {
  type Damage,
  type Journal,
  JournalFullError,
  type JournalOptions,
  type JournalReader,
  type JournalUsage,
  type Recovery,
  type Unread,
} from "../../src/journal/journal.ts";
import { MemoryReader } from "./memory_reader.ts";
import { recordsOf, type StoredRecord, StoredSegment } from "./memory_records.ts";
import type { MemoryStore, StoredCursor } from "./memory_store.ts";

const RETRY_MS = 100;

export class MemoryJournal implements Journal {
  readonly recovery: Recovery;
  end: number;
  cursor: number;
  unreadFrom: number;
  #resendFrom: number;
  #riskBytes = 0;
  #damages: Damage[] = [];
  #onDamage: ((damage: Damage) => void) | undefined;
  #syncing: Promise<void> | undefined;
  #retrying: Promise<void> | undefined;
  /** Each process begins a segment of its own. */
  #hasSegment = false;
  readonly #closing = new AbortController();

  constructor(private readonly store: MemoryStore, private readonly options: JournalOptions) {
    const { cursor: left } = store;
    this.cursor = store.next;
    this.unreadFrom = this.#resendFrom = Math.min(this.cursor, left?.resendFrom ?? 0);
    this.end = store.end;
    if (options.sync !== "os") attempt(() => store.syncRecords());
    const isClean = left?.clean ?? true;
    const pending = this.#count(this.cursor, this.end);
    this.recovery = {
      clean: isClean,
      atRiskBytes: left?.riskBytes ?? 0,
      unreadFrames: left === undefined || isClean ? 0 : left.resendFrom - left.unreadFrom,
      pendingFrames: pending.frames,
      pendingBytes: pending.bytes,
      truncatedBytes: 0,
    };
    this.#reportMissing(left?.cursor ?? 0);
    this.#storeOrRetry();
  }

  get onDamage(): (damage: Damage) => void {
    return this.#onDamage ?? (() => {});
  }

  set onDamage(listener: (damage: Damage) => void) {
    this.#onDamage = listener;
    for (const damage of this.#damages.splice(0)) listener(damage);
  }

  append(runs: readonly Run[]): Promise<void> {
    return this.#append(runs, this.options.maxBytes || Number.POSITIVE_INFINITY);
  }

  appendLast(runs: readonly Run[]): Promise<void> {
    return this.#append(runs, Number.POSITIVE_INFINITY);
  }

  confirm(sequence: number, unread: Unread = { from: sequence, resendFrom: sequence }): void {
    this.cursor = Math.max(this.cursor, sequence);
    this.unreadFrom = Math.max(this.unreadFrom, Math.min(unread.from, this.cursor));
    this.#resendFrom = Math.max(unread.resendFrom, this.unreadFrom);
    this.#storeOrRetry();
  }

  boundRisk(bytes: number): Promise<void> {
    this.#riskBytes = bytes;
    return Promise.resolve().then(() => this.#storeCursor(false)).catch((error) => {
      this.#retry();
      throw error;
    });
  }

  usage(): Promise<JournalUsage> {
    const { bytes, segments } = this.store;
    return Promise.resolve({ bytes, segments: segments.length, capacityBytes: undefined, quarantinedBytes: 0 });
  }

  async freeRetained(): Promise<boolean> {
    await Promise.resolve();
    const { segments } = this.store;
    if (segments.length < 2 || !attempt(() => this.#storeCursor(false))) return false;
    // With everything delivered the newest can go as well, once there is a newer one.
    if (this.end <= this.cursor && segments.at(-1)!.records.length > 0) segments.push(new StoredSegment(this.end));
    return this.#free(this.unreadFrom, this.options.rewindBytes, 0) || this.#free(this.cursor, 0, 0);
  }

  oldestDroppable(): number | undefined {
    const { segments } = this.store;
    const oldest = segments.find(({ records, end }) => records.length > 0 && end > this.cursor);
    return oldest === segments.at(-1) ? undefined : oldest?.end;
  }

  async dropBelow(until: number): Promise<void> {
    await Promise.resolve();
    this.#storeCursor(false);
    this.#remove((segment) => segment.end <= until);
  }

  async count(from: number, until: number): Promise<Tally> {
    await Promise.resolve();
    return this.#count(from, until);
  }

  async quarantine(sequence: number, frame: Uint8Array): Promise<string> {
    await Promise.resolve();
    this.store.check("write", "cursor");
    this.store.quarantined.set(sequence, frame.slice());
    return `${this.store.name}/quarantine/${sequence}`;
  }

  reader(pool: BufferPool): JournalReader {
    return new MemoryReader(this, this.store, pool, this.cursor);
  }

  async locateBack(sequence: number, bytes: number): Promise<number> {
    await Promise.resolve();
    let found = sequence;
    for (let taken = 0; taken < bytes; found--) {
      const record = this.store.records.find(({ first, end }) => first < found && found <= end);
      if (record === undefined) break;
      taken += record.bytesBetween(found - 1, found);
    }
    return found;
  }

  async arrivalOf(sequence: number): Promise<number | undefined> {
    await Promise.resolve();
    return this.store.records.find(({ end }) => end > sequence)?.arrivedUs;
  }

  async firstSince(sequence: number, us: number): Promise<number | undefined> {
    await Promise.resolve();
    const found = this.store.records.find(({ end, arrivedUs }) => end > sequence && arrivedUs >= us);
    return found && Math.max(sequence, found.first);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#syncing, this.#retrying]);
    if (this.options.sync !== "os") this.store.syncRecords();
    this.#storeCursor(this.#riskBytes === 0);
    this.store.syncCursor();
  }

  async #append(runs: readonly Run[], maxBytes: number): Promise<void> {
    await Promise.resolve();
    const { store, options: { sync } } = this;
    if (store.crashed) store.check("write", "records.seg");
    const fault = store.faults("write", "records.seg");
    let getThrough = fault?.written ?? (fault === undefined ? Number.POSITIVE_INFINITY : 0);
    const written: StoredRecord[] = [];
    let failure: unknown;
    for (const record of recordsOf(runs, this.end, this.options)) {
      const bytes = store.bytes + written.reduce((sum, { size }) => sum + size, 0) + record.size;
      getThrough -= record.size;
      if (getThrough < 0) attempt(() => store.check("write", "records.seg"), (error) => failure = asFull(error));
      else if (bytes > maxBytes) failure = new JournalFullError("max_bytes", `${store.name}: no room`);
      else if (bytes > store.capacity) failure = new JournalFullError("ENOSPC", `${store.name}: no space`);
      if (failure !== undefined) break;
      written.push(record);
    }
    // What cannot be synced has not been appended.
    if (sync === "each" && !attempt(() => store.check("sync", "records.seg"), (error) => failure = asFull(error))) {
      throw failure;
    }
    for (const record of written) this.#put(record);
    if (sync === "each") store.syncRecords();
    else if (sync === "interval") this.#syncing ??= this.#syncLater();
    if (failure !== undefined) throw failure;
  }

  #put(record: StoredRecord): void {
    const { segments, segmentBytes } = this.store;
    const { maxBytes } = this.options;
    const limit = Math.min(segmentBytes, maxBytes > 0 ? maxBytes / 8 : Number.POSITIVE_INFINITY);
    const newest = segments.at(-1);
    const isFull = newest !== undefined && newest.records.length > 0 && newest.size + record.size > limit;
    if (newest === undefined || isFull || !this.#hasSegment) segments.push(new StoredSegment(record.first, [record]));
    else newest.records.push(record);
    this.#hasSegment = true;
    this.end = record.end;
  }

  async #syncLater(): Promise<void> {
    await this.options.clock.sleep(this.options.syncIntervalMs, this.#closing.signal);
    this.#syncing = undefined;
    // The next one tries again.
    attempt(
      () => this.store.syncRecords(),
      () => this.#syncing ??= this.#closing.signal.aborted ? undefined : this.#syncLater(),
    );
  }

  #storeCursor(clean: boolean): void {
    const { cursor, unreadFrom } = this;
    const stored: StoredCursor = {
      cursor,
      unreadFrom,
      resendFrom: Math.min(cursor, this.#resendFrom),
      riskBytes: this.#riskBytes,
      clean,
    };
    this.store.writeCursor(stored);
  }

  #storeOrRetry(): void {
    attempt(() => {
      this.#storeCursor(false);
      this.#free(this.unreadFrom, this.options.rewindBytes, this.options.retainMs);
    }, () => this.#retry());
  }

  #retry(): void {
    if (this.#closing.signal.aborted) return;
    this.#retrying ??= this.options.clock.sleep(RETRY_MS, this.#closing.signal).then(() => {
      this.#retrying = undefined;
      if (!this.#closing.signal.aborted) this.#storeOrRetry();
    });
  }

  /** Frees what is wholly below `delivered`, apart from the last `rewindBytes` of it and what is to stay for `retainMs`. */
  #free(delivered: number, rewindBytes: number, retainMs: number): boolean {
    const nowMs = this.options.clock.monotonicMs();
    const candidates = this.store.segments.slice(0, -1).filter(({ end }) => end <= delivered);
    for (let keep = rewindBytes; candidates.length > 0 && keep > 0;) keep -= candidates.pop()!.frameBytes;
    for (const segment of candidates) segment.deliveredMs ??= nowMs;
    const { retainBytes } = this.options;
    let kept = candidates.reduce((sum, { size }) => sum + size, 0);
    const gone = new Set<StoredSegment>();
    for (const segment of candidates) {
      if (nowMs < segment.deliveredMs! + retainMs && !(retainBytes > 0 && kept > retainBytes)) break;
      gone.add(segment);
      kept -= segment.size;
    }
    if (gone.size > 0) this.#remove((segment) => gone.has(segment));
    return gone.size > 0;
  }

  /** After a power loss the cursor must not point below what is gone. */
  #remove(isGone: (segment: StoredSegment) => boolean): void {
    if (this.options.sync !== "os") this.store.syncCursor();
    const newest = this.store.segments.at(-1);
    this.store.segments = this.store.segments.filter((segment) => segment === newest || !isGone(segment));
  }

  #count(from: number, until: number): Tally {
    const found = { frames: 0, bytes: 0 };
    for (const record of this.store.records) {
      found.frames += Math.max(0, Math.min(until, record.end) - Math.max(from, record.first));
      found.bytes += record.bytesBetween(from, until);
    }
    return found;
  }

  /** Segments between the cursor and the oldest one are gone, and this process has not freed them. */
  #reportMissing(from: number): void {
    const { store, end } = this;
    const oldest = store.records[0];
    const until = Math.min(oldest?.previousEnd ?? end, oldest?.first ?? end);
    if (oldest === undefined || from >= until) return;
    const where = `${store.name}: before frame ${oldest.first}`;
    this.#damages.push({ where, from, until, frames: until - from, payloadBytes: 0, counted: false });
  }
}

function asFull(error: unknown): unknown {
  return failedWith(error, "ENOSPC", "EDQUOT") ? new JournalFullError(error.code, error.message) : error;
}

/** False if `act` throws; `failed` is told what. */
function attempt(act: () => void, failed: (error: unknown) => void = () => {}): boolean {
  try {
    act();
    return true;
  } catch (error) {
    failed(error);
    return false;
  }
}
