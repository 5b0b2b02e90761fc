/**
 * The writing side of the journal: which segment an append goes to, when a new
 * one begins, and what is done when a write or a sync fails.
 *
 * Frames count as appended when they are published: the write has succeeded and,
 * with `sync = "each"`, the sync too. Readers, `end` and recovery depend on that
 * alone.
 */
import { Condition } from "../../../base/condition.ts";
import { failedWith, messageOf, SpillwayError } from "../../../base/error.ts";
import type { Run } from "../../../base/run.ts";
import type { StopDeadline } from "../../../base/stop_deadline.ts";
import type { SegmentList } from "../catalog/segment_list.ts";
import type { Quarantine } from "../directory/quarantine.ts";
import { FOOTER_BYTES, RECORD_BYTES_MAX, SEGMENT_HEADER_BYTES } from "../format/segment.ts";
import { JournalFullError } from "../../journal.ts";
import type { DirectoryJournalOptions } from "./options.ts";
import { copyUnsynced } from "./copy_unsynced.ts";
import { freeNewest } from "./free_newest.ts";
import type { HousekeepingRequests } from "./housekeeping_requests.ts";
import { assertCountable, type PlannedRecord, planRecords, takeUpTo } from "./plan_records.ts";
import { Presence } from "./presence.ts";
import { RetiredFiles } from "./retired_files.ts";
import { createSegment, type SegmentWriter } from "./segment_writer.ts";
import { asFull, type DiskSpace, segmentBytesFor } from "./space.ts";
import type { WrittenCursor } from "./written_cursor.ts";

export interface AppendLogParts {
  readonly options: DirectoryJournalOptions;
  readonly segments: SegmentList;
  readonly quarantine: Quarantine;
  readonly diskSpace: DiskSpace;
  /** Noted in every record. */
  readonly cursor: WrittenCursor;
  readonly requests: HousekeepingRequests;
  /** Sequence after the last frame appended. */
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
  readonly #retired: RetiredFiles;
  readonly #recordBytes: number;
  /** Size at which the current segment is sealed. */
  #segmentBytes = 0;
  #end: number;
  #previousEnd: number;
  /** Writes the current segment; undefined until the next append begins one. */
  #writer: SegmentWriter | undefined;
  /** One writing operation after the other. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(parts: AppendLogParts) {
    const { options } = this.#parts = parts;
    this.#options = options;
    this.#segments = parts.segments;
    this.#presence = new Presence(options);
    this.#retired = new RetiredFiles(options, parts.quarantine);
    this.#recordBytes = Math.min(options.recordBytes, RECORD_BYTES_MAX);
    this.#end = parts.end;
    this.#previousEnd = parts.previousEnd;
  }

  /** Sequence after the last frame appended. */
  get end(): number {
    return this.#end;
  }

  /** Is there something appended that no sync has covered? */
  get dirty(): boolean {
    return this.#writer?.dirty === true || this.#retired.unsynced !== undefined;
  }

  /** See `Journal.append`; `last`: may use what `minFreeBytes` keeps free, and pass `maxBytes`. */
  append(runs: readonly Run[], last: boolean): Promise<void> {
    return this.#inTurn(() => this.#append(runs, last));
  }

  /** Syncs what is dirty, beside appends. If that fails, the frames are written again to a new segment. */
  async sync(): Promise<void> {
    const writer = this.#writer;
    if (this.#retired.unsynced === undefined && writer?.dirty === true) {
      try {
        await writer.sync();
      } catch (error) {
        await this.#inTurn(() => this.#writer === writer ? this.#retire(writer) : Promise.resolve());
        throw error;
      }
    }
    if (this.#retired.unsynced !== undefined) await this.#inTurn(() => this.#copyUnsynced());
  }

  /** See `freeNewest`; `cursor` is what the cursor file says. */
  freeNewest(cursor: number, mayTruncate: boolean): Promise<void> {
    const { files } = this.#options;
    const beginSegment = async () => {
      const writer = await this.#newSegment(this.#end);
      await writer.takeName();
      this.#list(writer);
    };
    return this.#inTurn(() =>
      freeNewest({ files, segments: this.#segments, end: this.#end, cursor, mayTruncate, beginSegment })
    );
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
    return this.#parts.cursor.cursor;
  }

  async #append(runs: readonly Run[], last: boolean): Promise<void> {
    this.#presence.assert();
    try {
      assertCountable(runs, this.#options.directory);
      await this.#copyUnsynced();
      const records = planRecords(runs, this.#end, this.#recordBytes);
      for (let next = 0; next < records.length;) next += await this.#appendSome(records, next, last);
    } catch (error) {
      const reason = asFull(this.#presence.explain(error));
      if (reason instanceof JournalFullError) this.#parts.requests.requestSpace();
      throw reason;
    }
  }

  /** Appends as many records as the segment takes in one write; returns how many. 0: the next segment takes more. */
  async #appendSome(records: readonly PlannedRecord[], next: number, last: boolean): Promise<number> {
    const first = records[next].first;
    let writer = this.#writer?.takes(first) === true ? this.#writer : undefined;
    if (writer === undefined) this.#segmentBytes = this.#bytesOfNext();
    const space = this.#segmentBytes - (writer?.written.offset ?? SEGMENT_HEADER_BYTES);
    const batch = takeUpTo(records, next, space > 0 ? space : this.#segmentBytes - SEGMENT_HEADER_BYTES);
    const change = writer === undefined || space <= 0;
    const size = batch.size + (change ? SEGMENT_HEADER_BYTES + FOOTER_BYTES : 0);
    if (!last) this.#parts.diskSpace.check(size, this.#segments.bytes);
    if (writer === undefined || space <= 0) writer = await this.#newSegment(first);
    const before = writer.written.offset;
    try {
      await writer.write(batch.records, this.#previousEnd, this.#cursor);
      await writer.takeName();
      if (this.#options.sync === "each") await writer.sync();
      await this.#presence.confirm(writer);
    } catch (error) {
      if (!writer.usable || error instanceof SpillwayError) await this.#retire(writer);
      // A limit of this file's size (ulimit -f) leaves room in the next one.
      if (!failedWith(error, "EFBIG") || writer.segment.empty) throw error;
      if (this.#writer === writer) await this.#seal(writer);
      return 0;
    }
    this.#parts.diskSpace.noteWritten(writer.written.offset - before);
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

  /** Notes the file's size; the first time, adds its segment to the list. */
  #list({ segment, written }: SegmentWriter): void {
    if (this.#segments.all.includes(segment)) {
      this.#segments.resize(segment, written.offset);
    } else {
      segment.bytes = written.offset;
      this.#segments.add(segment);
      this.#parts.requests.requestPass();
    }
  }

  #bytesOfNext(): number {
    return segmentBytesFor(this.#options, this.#parts.diskSpace, this.#segments.bytes);
  }

  async #newSegment(base: number): Promise<SegmentWriter> {
    if (this.#writer !== undefined) await this.#seal(this.#writer);
    await this.#copyUnsynced();
    // The copy has begun a new segment.
    if (this.#writer !== undefined) return this.#writer;
    await this.#retired.setEmptyAside(base, this.#end);
    this.#segmentBytes = this.#bytesOfNext();
    return this.#writer = await createSegment(this.#options, {
      base,
      previousEnd: this.#previousEnd,
      cursor: this.#cursor,
    });
  }

  /** Ends a segment with its footer and, as the policy says, a sync. A failure costs no frame. */
  async #seal(writer: SegmentWriter): Promise<void> {
    this.#writer = undefined;
    const { sync, log } = this.#options;
    try {
      if (writer.usable && !writer.segment.empty) await writer.seal(this.#cursor);
      this.#segments.resize(writer.segment, writer.written.offset);
      if (sync !== "os" && writer.dirty) await writer.sync();
    } catch (error) {
      log.say("seal_failed", { segment: writer.segment.name, error: messageOf(error) });
    }
    await this.#retire(writer);
  }

  /** Nothing more is written to this file. */
  async #retire(writer: SegmentWriter): Promise<void> {
    if (this.#writer === writer) this.#writer = undefined;
    await this.#retired.add(writer);
  }

  /** Frames whose sync failed after they were appended are copied to a new segment, and synced there. */
  async #copyUnsynced(): Promise<void> {
    const failed = this.#retired.unsynced;
    if (failed === undefined) return;
    const writer = await copyUnsynced(this.#options, failed, this.#cursor);
    failed.segment.cutTo(failed.synced, writer.contents);
    this.#retired.noteCopied();
    writer.segment.end = Math.max(writer.written.end, this.#end);
    writer.segment.limit = writer.written.offset;
    writer.segment.setContents(writer.contents);
    this.#list(writer);
    this.#writer = writer;
    await failed.close();
    try {
      await writer.sync();
    } catch (error) {
      await this.#retire(writer);
      throw error;
    }
    this.#options.log.say("sync_moved", { segment: writer.segment.name });
  }

  async #finish(deadline: StopDeadline | undefined): Promise<void> {
    if (this.#writer?.usable === false) await this.#retire(this.#writer);
    try {
      await this.#copyUnsynced();
      const writer = this.#writer;
      if (writer !== undefined && !writer.segment.empty) await writer.seal(this.#cursor).catch(() => {});
      if (writer?.dirty === true) await writer.sync();
    } finally {
      await this.#writer?.close();
      this.#writer = undefined;
      await this.#retired.close();
    }
    await this.#retired.sync(this.#segments, deadline);
  }
}
