/**
 * The writing side of the journal: which segment an append goes to, when a new
 * one begins, and what becomes of a file that failed.
 *
 * Nothing counts as appended before it is published: the write has succeeded
 * and, with `sync = "each"`, the sync too. Readers, `end` and recovery's
 * promises go by that alone.
 */
import { Condition } from "../../../base/condition.ts";
import { failedWith, messageOf, SpillwayError } from "../../../base/error.ts";
import type { Run } from "../../../base/run.ts";
import type { StopDeadline } from "../../../base/stop_deadline.ts";
import { FOOTER_BYTES, RECORD_BYTES_MAX, SEGMENT_HEADER_BYTES } from "../format/segment.ts";
import type { Housekeeping } from "./housekeeping.ts";
import { Presence } from "./presence.ts";
import type { Quarantine } from "../directory/quarantine.ts";
import { assertCountable, type PlannedRecord, planRecords, takeUpTo } from "./plan_records.ts";
import { copyUnsynced } from "./copy_unsynced.ts";
import { asFull, type Room } from "./space.ts";
import type { Segment } from "../segment/segment.ts";
import type { SegmentList } from "../catalog/segment_list.ts";
import { isCompressed } from "../segment/segment_files.ts";
import { segmentBytesFor } from "./segment_size.ts";
import { createSegment, type SegmentWriter } from "./segment_writer.ts";
import { syncSegments } from "./stop_sync.ts";
import { JournalFullError } from "../../journal.ts";
import type { DirectoryJournalOptions } from "./options.ts";

export interface AppendLogParts {
  readonly options: DirectoryJournalOptions;
  readonly segments: SegmentList;
  readonly quarantine: Quarantine;
  readonly housekeeping: Housekeeping;
  readonly room: Room;
  readonly end: number;
  /** Sequence after the last frame on disk. */
  readonly previousEnd: number;
}

export class AppendLog {
  /** Notified after each append. */
  readonly appended = new Condition();
  readonly #parts: AppendLogParts;
  readonly #options: DirectoryJournalOptions;
  readonly #segments: SegmentList;
  readonly #presence: Presence;
  #segmentBytes: number;
  readonly #recordBytes: number;
  #end: number;
  #previousEnd: number;
  #writer: SegmentWriter | undefined;
  /** Appended, not synced, and its file failed to sync: to be written again elsewhere before anything else. */
  #unsynced: SegmentWriter | undefined;
  /** Files in which nothing counts, by path, since their first write or sync failed. */
  readonly #leftBehind = new Map<string, Segment>();
  /** Left behind with frames in them, with `sync = "os"`. */
  readonly #unsyncedSegments: Segment[] = [];
  /** One writing operation after the other. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(parts: AppendLogParts) {
    const { options } = this.#parts = parts;
    this.#options = options;
    this.#segments = parts.segments;
    this.#presence = new Presence(options);
    this.#end = parts.end;
    this.#previousEnd = parts.previousEnd;
    this.#segmentBytes = segmentBytesFor(options, parts.room, parts.segments.bytes);
    this.#recordBytes = Math.min(options.recordBytes, RECORD_BYTES_MAX);
    parts.housekeeping.letGoOfNewest = (cursor, desperate) =>
      this.#inTurn(() => this.#letGoOfNewest(cursor, desperate));
  }

  /** Sequence after the last frame appended. */
  get end(): number {
    return this.#end;
  }

  /** Is there something appended that no sync has covered? */
  get dirty(): boolean {
    return this.#writer?.dirty === true || this.#unsynced !== undefined;
  }

  /** See `Journal.append`; `last` may use what `minFreeBytes` keeps free, and pass `maxBytes`. */
  append(runs: readonly Run[], last: boolean): Promise<void> {
    return this.#inTurn(() => this.#append(runs, last));
  }

  /** Syncs what is dirty, beside appends. Where that fails, the frames are written again to a new segment. */
  async sync(): Promise<void> {
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
  finish(deadline?: StopDeadline): Promise<void> {
    return this.#inTurn(() => this.#finish(deadline));
  }

  #inTurn<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(operation);
    this.#queue = result.catch(() => {});
    return result;
  }

  get #cursor(): number {
    return this.#parts.housekeeping.cursor;
  }

  async #append(runs: readonly Run[], last: boolean): Promise<void> {
    this.#presence.assert();
    try {
      assertCountable(runs, this.#options.directory);
      await this.#rescue();
      const records = planRecords(runs, this.#end, this.#recordBytes);
      for (let next = 0; next < records.length;) next += await this.#appendSome(records, next, last);
    } catch (error) {
      const reason = asFull(this.#presence.explain(error));
      if (reason instanceof JournalFullError) this.#parts.housekeeping.makeRoom();
      throw reason;
    }
  }

  /** Appends as many records as the segment takes in one write; returns how many. 0: the next segment takes more. */
  async #appendSome(records: readonly PlannedRecord[], next: number, last: boolean): Promise<number> {
    const first = records[next].first;
    let writer = this.#writer?.takes(first) === true ? this.#writer : undefined;
    const space = this.#segmentBytes - (writer?.written.offset ?? SEGMENT_HEADER_BYTES);
    const batch = takeUpTo(records, next, space > 0 ? space : this.#segmentBytes - SEGMENT_HEADER_BYTES);
    const change = writer === undefined || space <= 0;
    const size = batch.size + (change ? SEGMENT_HEADER_BYTES + FOOTER_BYTES : 0);
    if (!last) this.#parts.room.check(size, this.#segments.bytes);
    if (writer === undefined || space <= 0) writer = await this.#newSegment(first);
    const before = writer.written.offset;
    try {
      await writer.write(batch.records, this.#previousEnd, this.#cursor);
      await writer.takeName();
      if (this.#options.sync === "each") await writer.sync();
      await this.#presence.confirm(writer);
    } catch (error) {
      if (!writer.usable || error instanceof SpillwayError) await this.#abandon(writer);
      // A limit of this file's size (ulimit -f) leaves room in the next one.
      if (!failedWith(error, "EFBIG") || writer.segment.empty) throw error;
      if (this.#writer === writer) await this.#retire(writer);
      return 0;
    }
    this.#parts.room.wrote(writer.written.offset - before);
    this.#publish(writer);
    return batch.records.length;
  }

  #publish(writer: SegmentWriter): void {
    const { segment, written } = writer;
    segment.end = this.#previousEnd = this.#end = written.end;
    segment.limit = written.offset;
    segment.setContents(writer.contents);
    this.#list(writer);
    this.appended.notify();
  }

  /** Notes the file's size; the first time, that there is such a segment. */
  #list({ segment, written }: SegmentWriter): void {
    if (this.#segments.all.includes(segment)) {
      this.#segments.resize(segment, written.offset);
    } else {
      segment.bytes = written.offset;
      this.#segments.add(segment);
      this.#parts.housekeeping.wake();
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
      // A compressed one is none of ours to cut.
      if (!desperate || isCompressed(newest.path)) return;
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
    await this.#clearTheWay(base);
    this.#segmentBytes = segmentBytesFor(this.#options, this.#parts.room, this.#segments.bytes);
    return this.#writer = await createSegment(this.#options, {
      base,
      previousEnd: this.#previousEnd,
      cursor: this.#cursor,
    });
  }

  /** Nothing more is written to this segment: footer and, as the policy says, sync. A failure costs no frame. */
  async #retire(writer: SegmentWriter): Promise<void> {
    this.#writer = undefined;
    const { sync, log } = this.#options;
    try {
      if (writer.usable && !writer.segment.empty) await writer.seal(this.#cursor);
      this.#segments.resize(writer.segment, writer.written.offset);
      if (sync !== "os" && writer.dirty) await writer.sync();
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
    if (writer.segment.empty) this.#leftBehind.set(writer.segment.path, writer.segment);
    else if (this.#options.sync === "os") this.#unsyncedSegments.push(writer.segment);
  }

  /** What was left behind must not look newer than what is written now; its frames were never promised. */
  async #clearTheWay(base: number): Promise<void> {
    for (const [path, segment] of this.#leftBehind) {
      const inTheWay = segment.base > base && await this.#options.files.stat(path) !== undefined;
      if (inTheWay) await this.#parts.quarantine.setAside(path);
      // One that begins after the journal's end may come to be in the way yet.
      if (inTheWay || segment.base <= this.#end) this.#leftBehind.delete(path);
    }
  }

  /** Frames whose sync failed after they were appended go to a new segment and are synced there. */
  async #rescue(): Promise<void> {
    const failed = this.#unsynced;
    if (failed === undefined) return;
    const writer = await copyUnsynced(this.#options, failed, this.#cursor);
    failed.segment.cutTo(failed.synced, writer.contents);
    this.#unsynced = undefined;
    writer.segment.end = Math.max(writer.written.end, this.#end);
    writer.segment.limit = writer.written.offset;
    writer.segment.setContents(writer.contents);
    this.#list(writer);
    this.#writer = writer;
    await failed.close();
    try {
      await writer.sync();
    } catch (error) {
      await this.#abandon(writer);
      throw error;
    }
    this.#options.log.warn("a sync failed, the frames are in a new segment", { segment: writer.segment.name });
  }

  async #finish(deadline: StopDeadline | undefined): Promise<void> {
    if (this.#writer?.usable === false) await this.#abandon(this.#writer);
    try {
      await this.#rescue();
      const writer = this.#writer;
      if (writer !== undefined && !writer.segment.empty) await writer.seal(this.#cursor).catch(() => {});
      if (writer?.dirty === true) await writer.sync();
    } finally {
      await this.#writer?.close();
      await this.#unsynced?.close();
      this.#writer = this.#unsynced = undefined;
    }
    const segments = this.#unsyncedSegments.filter((each) => this.#segments.all.includes(each));
    await syncSegments(this.#options, segments, deadline);
  }
}
