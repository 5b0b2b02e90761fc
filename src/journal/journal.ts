/**
 * The journal in a directory: appends to the newest segment, hands out readers,
 * keeps the cursor. `types.ts` has the promises, FORMAT.md the bytes.
 *
 * Nothing counts as appended before it is published: the write has succeeded
 * and, with `sync = "each"`, the sync too. Readers, `end` and recovery's
 * promises go by that alone.
 */
import type { BufferPool } from "../base/buffer.ts";
import { Condition } from "../base/condition.ts";
import { messageOf } from "../base/error.ts";
import type { Run } from "../base/run.ts";
import type { File } from "../runtime/files.ts";
import type { DamageLog } from "./damage_log.ts";
import { FOOTER_BYTES, SEGMENT_HEADER_BYTES } from "./format.ts";
import type { Housekeeping } from "./housekeeping.ts";
import { locateBack } from "./locate_back.ts";
import type { Quarantine } from "./quarantine.ts";
import { Reader } from "./reader.ts";
import { type PlannedRecord, planRecords, sizeOf } from "./record_plan.ts";
import { copyUnsynced } from "./rescue.ts";
import { asFull, type Room } from "./room.ts";
import type { Segment, SegmentList } from "./segment.ts";
import { createSegment, type SegmentWriter } from "./segment_writer.ts";
import { type Damage, type Journal, JournalFullError, type JournalOptions } from "./types.ts";
import type { JournalReader, Recovery } from "./types.ts";

const RECORD_BYTES_MAX = 256 * 1024;

/** A stop has 5 s in all: sealed segments that were left to the operating system are synced for so long at most. */
const STOP_SYNC_MS = 1500;

/** A full journal frees itself segment by segment: one must not be most of it. */
const SEGMENTS_AT_LEAST = 8;

export interface OpenedJournal {
  readonly options: JournalOptions;
  readonly lock: File;
  readonly segments: SegmentList;
  readonly quarantine: Quarantine;
  readonly damages: DamageLog;
  readonly housekeeping: Housekeeping;
  readonly room: Room;
  readonly recovery: Recovery;
  readonly end: number;
  /** Sequence after the last frame on disk. */
  readonly previousEnd: number;
}

export class DirectoryJournal implements Journal {
  readonly recovery: Recovery;
  readonly #opened: OpenedJournal;
  readonly #options: JournalOptions;
  readonly #segments: SegmentList;
  readonly #housekeeping: Housekeeping;
  readonly #room: Room;
  readonly #segmentBytes: number;
  readonly #recordBytes: number;
  #end: number;
  #previousEnd: number;
  #writer: SegmentWriter | undefined;
  /** Appended, not synced, and its file failed to sync: to be written again elsewhere before anything else. */
  #unsynced: SegmentWriter | undefined;
  /** Sealed ones, with `sync = "os"`. */
  #unsyncedSegments: Segment[] = [];
  /** One writing operation after the other. */
  #queue: Promise<unknown> = Promise.resolve();
  readonly #written = new Condition();
  readonly #closing = new AbortController();
  readonly #syncing: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(opened: OpenedJournal) {
    const { options } = this.#opened = opened;
    this.#options = options;
    this.#segments = opened.segments;
    this.#housekeeping = opened.housekeeping;
    this.recovery = opened.recovery;
    this.#end = opened.end;
    this.#previousEnd = opened.previousEnd;
    this.#room = opened.room;
    const share = options.maxBytes > 0 ? Math.floor(options.maxBytes / SEGMENTS_AT_LEAST) : Number.POSITIVE_INFINITY;
    this.#segmentBytes = Math.min(options.segmentBytes, share);
    this.#recordBytes = Math.min(options.recordBytes, RECORD_BYTES_MAX);
    opened.housekeeping.letGoOfNewest = (cursor, desperate) =>
      this.#inTurn(() => this.#letGoOfNewest(cursor, desperate));
    if (options.sync === "interval") this.#syncing = this.#syncAtIntervals();
  }

  get end(): number {
    return this.#end;
  }

  get cursor(): number {
    return this.#housekeeping.cursor;
  }

  get bytes(): number {
    return this.#segments.bytes;
  }

  get segments(): number {
    return this.#segments.length;
  }

  get onDamage(): (damage: Damage) => void {
    return this.#opened.damages.listener;
  }

  set onDamage(listener: (damage: Damage) => void) {
    this.#opened.damages.listener = listener;
  }

  append(runs: readonly Run[]): Promise<void> {
    return this.#inTurn(() => this.#append(runs, false));
  }

  appendLast(runs: readonly Run[]): Promise<void> {
    return this.#inTurn(() => this.#append(runs, true));
  }

  confirm(sequence: number, atRiskBytes: number): void {
    this.#housekeeping.confirm(sequence, atRiskBytes);
  }

  reader(pool: BufferPool): JournalReader {
    const { quarantine, damages, end } = this.#opened;
    const { files } = this.#options;
    const context = { files, segments: this.#segments, quarantine, damages, end: () => this.#end, openedAt: end };
    return new Reader(context, pool, this.cursor);
  }

  locateBack(sequence: number, bytes: number): Promise<number> {
    return locateBack(this.#options.files, this.#segments, sequence, bytes);
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    this.#written.notify();
    await this.#syncing;
    const failures: unknown[] = [];
    await this.#inTurn(() => this.#finish()).catch((error) => failures.push(error));
    await this.#housekeeping.close(failures.length === 0).catch((error) => failures.push(error));
    this.#opened.lock.close();
    if (failures.length > 0) throw failures[0];
  }

  #inTurn<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(operation);
    this.#queue = result.catch(() => {});
    return result;
  }

  async #append(runs: readonly Run[], last: boolean): Promise<void> {
    if (this.#closing.signal.aborted && !last) throw new Error("append to a closed journal");
    try {
      await this.#rescue();
      const records = planRecords(runs, this.#end, this.#recordBytes);
      for (let next = 0; next < records.length;) next += await this.#appendSome(records, next, last);
    } catch (error) {
      const reason = asFull(error);
      if (reason instanceof JournalFullError) this.#housekeeping.makeRoom();
      throw reason;
    }
  }

  /** Appends as many records as the segment takes in one write; returns how many. */
  async #appendSome(records: readonly PlannedRecord[], next: number, last: boolean): Promise<number> {
    const first = records[next].first;
    let writer = this.#writer?.usable === true ? this.#writer : undefined;
    const space = this.#segmentBytes - (writer?.written.offset ?? SEGMENT_HEADER_BYTES);
    const batch = takeUpTo(records, next, space > 0 ? space : this.#segmentBytes - SEGMENT_HEADER_BYTES);
    const change = writer === undefined || space <= 0;
    const size = batch.size + (change ? SEGMENT_HEADER_BYTES + FOOTER_BYTES : 0);
    if (!last) this.#room.check(size, this.#segments.bytes);
    if (writer === undefined || space <= 0) writer = await this.#newSegment(first);
    const before = writer.written.offset;
    try {
      await writer.write(batch.records, this.#previousEnd, this.cursor);
      await writer.takeName();
      if (this.#options.sync === "each") await writer.sync();
    } catch (error) {
      if (!writer.usable) await this.#abandon(writer);
      throw error;
    }
    this.#room.wrote(writer.written.offset - before);
    this.#publish(writer);
    return batch.records.length;
  }

  #publish(writer: SegmentWriter): void {
    const { segment, written } = writer;
    segment.end = this.#previousEnd = this.#end = written.end;
    segment.limit = written.offset;
    this.#list(writer);
    this.#written.notify();
  }

  /** Notes the file's size; the first time, that there is such a segment. */
  #list({ segment, written }: SegmentWriter): void {
    if (this.#segments.all.includes(segment)) {
      this.#segments.resize(segment, written.offset);
    } else {
      segment.bytes = written.offset;
      this.#segments.add(segment);
      this.#housekeeping.wake();
    }
  }

  /**
   * The newest segment is never unlinked; where all of it is delivered and there
   * is no room, an empty one after it lets it go. If not even that one fits, the
   * delivered frames are cut off.
   */
  async #letGoOfNewest(cursor: number, desperate: boolean): Promise<void> {
    const newest = this.#segments.newest;
    if (newest === undefined || newest.empty || newest.end > cursor || this.#end === newest.base) return;
    try {
      await this.#beginSegment();
    } catch (error) {
      if (!(asFull(error) instanceof JournalFullError)) throw error;
      if (!desperate) return;
      await this.#empty(newest);
      await this.#beginSegment();
    }
  }

  async #beginSegment(): Promise<void> {
    const writer = await this.#newSegment(this.#end);
    await writer.takeName();
    this.#list(writer);
  }

  async #empty(segment: Segment): Promise<void> {
    const file = await this.#options.files.open(segment.path, "update");
    try {
      segment.limit = SEGMENT_HEADER_BYTES;
      await file.truncate(SEGMENT_HEADER_BYTES);
      this.#segments.resize(segment, SEGMENT_HEADER_BYTES);
      this.#segments.raiseFloor(segment.end);
    } finally {
      file.close();
    }
  }

  async #newSegment(base: number): Promise<SegmentWriter> {
    if (this.#writer !== undefined) await this.#retire(this.#writer);
    await this.#rescue();
    // What was rescued has just begun a new one.
    if (this.#writer !== undefined) return this.#writer;
    return this.#writer = await createSegment(this.#options, {
      base,
      previousEnd: this.#previousEnd,
      cursor: this.cursor,
    });
  }

  /** Nothing more is written to this segment: footer and, as the policy says, sync. A failure costs no frame. */
  async #retire(writer: SegmentWriter): Promise<void> {
    this.#writer = undefined;
    const { sync, log } = this.#options;
    try {
      if (writer.usable && !writer.segment.empty) await writer.seal(this.cursor);
      this.#segments.resize(writer.segment, writer.written.offset);
      if (sync === "os") this.#unsyncedSegments.push(writer.segment);
      else if (writer.dirty) await writer.sync();
    } catch (error) {
      log.warn("cannot seal a segment", { segment: writer.segment.name, error: messageOf(error) });
    }
    await this.#abandon(writer);
  }

  /** Lets go of a file; what is only in the kernel's memory and should be on disk is written again elsewhere. */
  async #abandon(writer: SegmentWriter): Promise<void> {
    if (this.#writer === writer) this.#writer = undefined;
    const appended = writer.segment.end > writer.synced.end;
    if (this.#options.sync === "interval" && appended) this.#unsynced = writer;
    else await writer.close();
  }

  /** Frames whose sync failed after they were appended go to a new segment and are synced there. */
  async #rescue(): Promise<void> {
    const failed = this.#unsynced;
    if (failed === undefined) return;
    const writer = await copyUnsynced(this.#options, failed);
    const { segment } = failed;
    segment.end = failed.synced.end;
    segment.limit = failed.synced.offset;
    this.#unsynced = undefined;
    await failed.close();
    writer.segment.end = Math.max(writer.written.end, this.#end);
    writer.segment.limit = writer.written.offset;
    this.#list(writer);
    this.#writer = writer;
    this.#options.log.warn("a sync failed, the frames are in a new segment", { segment: writer.segment.name });
  }

  async #syncAtIntervals(): Promise<void> {
    const { clock, syncIntervalMs, log } = this.#options;
    const { signal } = this.#closing;
    let failure: string | undefined;
    while (!signal.aborted) {
      if (this.#writer?.dirty !== true && this.#unsynced === undefined) await this.#written.wait();
      await clock.sleep(syncIntervalMs, signal);
      if (signal.aborted) return;
      try {
        await this.#syncOnce();
        failure = undefined;
      } catch (error) {
        if (messageOf(error) !== failure) log.error("cannot sync the journal", { error: messageOf(error) });
        failure = messageOf(error);
      }
    }
  }

  async #syncOnce(): Promise<void> {
    const writer = this.#writer;
    if (this.#unsynced === undefined && writer?.dirty === true) {
      try {
        await writer.sync();
      } catch (error) {
        await this.#inTurn(() => this.#writer === writer ? this.#abandon(writer) : Promise.resolve());
        throw error;
      }
    }
    if (this.#unsynced !== undefined) await this.#inTurn(() => this.#rescue());
  }

  /** At a stop everything is synced, whatever the policy. */
  async #finish(): Promise<void> {
    await this.#rescue();
    const writer = this.#writer;
    this.#writer = undefined;
    try {
      if (writer?.usable === true && !writer.segment.empty) await writer.seal(this.cursor).catch(() => {});
      if (writer?.dirty === true) await writer.sync();
    } finally {
      await writer?.close();
    }
    await this.#syncSealed();
  }

  /** The newest first; the kernel has had most of the time to write the older ones. */
  async #syncSealed(): Promise<void> {
    const { files, clock, log, directory } = this.#options;
    const untilMs = clock.monotonicMs() + STOP_SYNC_MS;
    const segments = this.#unsyncedSegments.filter((segment) => this.#segments.all.includes(segment)).reverse();
    for (const [done, segment] of segments.entries()) {
      if (clock.monotonicMs() > untilMs) {
        log.info("segments are left for the operating system to write", { segments: segments.length - done });
        break;
      }
      const file = await files.open(segment.path, "update");
      await file.sync().finally(() => file.close());
    }
    if (segments.length > 0) await files.syncDirectory(directory);
  }
}

/** Records from `next` on until they have `space` bytes, at least one. */
function takeUpTo(records: readonly PlannedRecord[], next: number, space: number) {
  let size = sizeOf(records[next]);
  let until = next + 1;
  while (until < records.length && size < space) size += sizeOf(records[until++]);
  return { records: next === 0 && until === records.length ? records : records.slice(next, until), size };
}
