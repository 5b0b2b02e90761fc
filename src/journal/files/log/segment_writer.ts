/**
 * Writes one segment file: header, records, footer. The remains of a failed write
 * are cut off; a file that cannot be cut, or whose sync failed, is not written to
 * any more.
 */
import { dirname } from "node:path";
import { framingText } from "../../../framing/text.ts";
import type { WritableFile } from "../../../runtime/files.ts";
import {
  encodeFooter,
  encodeRecordHeader,
  encodeSegmentHeader,
  FOOTER_BYTES,
  marksOf,
  RECORD_HEADER_BYTES,
  SALT_BYTES,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  segmentName,
} from "../format/segment.ts";
import { type PlannedRecord, sizeOf } from "./plan_records.ts";
import { type Contents, Segment } from "../segment/segment.ts";
import type { DirectoryJournalOptions } from "./options.ts";

/** How much of a segment is written, or synced. */
export interface Extent {
  readonly offset: number;
  /** Sequence after the last frame up to there. */
  readonly end: number;
}

/**
 * Creates the segment that begins at `base`. `copied`: the salt of the records that
 * will be copied to it. See {@link SegmentWriter.create}.
 */
export function createSegment(
  options: DirectoryJournalOptions,
  at: { readonly base: number; readonly previousEnd: number; readonly cursor: number },
  copied?: Uint8Array,
): Promise<SegmentWriter> {
  const salt = copied ?? options.randomBytes(SALT_BYTES);
  const { directory, framer, clock } = options;
  const segment = new Segment({
    base: at.base,
    path: `${directory}/${segmentName(at.base)}`,
    marks: marksOf(salt),
    start: SEGMENT_HEADER_BYTES,
    framer,
  });
  const createdUs = Math.max(0, clock.wallUs());
  const header = { ...at, createdUs, salt, framing: framingText(framer.framing) };
  return SegmentWriter.create(options, segment, header, copied !== undefined);
}

export type SegmentWriterOptions = Pick<DirectoryJournalOptions, "files" | "clock" | "syncTimes">;

export class SegmentWriter {
  #written: Extent;
  #synced: Extent;
  #usable = true;
  #directorySynced = false;
  /** True once the file has replaced another one. */
  #inPlace = false;
  #syncing: Promise<void> | undefined;
  /** A sync that failed is never tried again: the kernel may have forgotten the pages. */
  #syncFailure: unknown;
  #headers = new Uint8Array(16 * RECORD_HEADER_BYTES);
  #records = 0;
  #frames = 0;
  #bytes = 0;
  #lowestUs = Number.POSITIVE_INFINITY;
  #highestUs = 0;

  private constructor(
    private readonly options: SegmentWriterOptions,
    readonly file: WritableFile,
    readonly segment: Segment,
    /** Sequence at which the journal ended before this segment. */
    readonly previousEnd: number,
    /** The path until `takeName`; undefined if it has its final name from the start. */
    private temporary: string | undefined,
  ) {
    this.#written = this.#synced = { offset: SEGMENT_HEADER_BYTES, end: segment.base };
  }

  /**
   * Creates the file and writes its header. If a file of that name exists, it has
   * no frame that counts, because its first sync failed or nothing was written to
   * it; it is kept until the first records of the new file replace it. `copy`: the
   * records are in another file and count there until all are copied.
   */
  static async create(
    options: SegmentWriterOptions,
    segment: Segment,
    header: SegmentHeader,
    copy: boolean,
  ): Promise<SegmentWriter> {
    const { files } = options;
    const taken = copy || await files.stat(segment.path) !== undefined;
    const path = taken ? `${segment.path}.tmp` : segment.path;
    if (taken && await files.stat(path) !== undefined) await files.unlink(path);
    const file = await files.open(path, "create");
    try {
      await file.writeAt([encodeSegmentHeader(header)], 0);
    } catch (error) {
      file.close();
      await files.unlink(path).catch(() => {});
      throw error;
    }
    return new SegmentWriter(options, file, segment, header.previousEnd, taken ? path : undefined);
  }

  /** False once nothing more may be written to this file. */
  get usable(): boolean {
    return this.#usable;
  }

  /** True if a record that begins at `first` may be written to this file. */
  takes(first: number): boolean {
    return this.#usable && first >= this.segment.base;
  }

  get written(): Extent {
    return this.#written;
  }

  get synced(): Extent {
    return this.#synced;
  }

  /** How many frames are in it, and their bytes. */
  get contents(): Contents {
    return { frames: this.#frames, bytes: this.#bytes };
  }

  get dirty(): boolean {
    return this.#written.offset > this.#synced.offset;
  }

  /** Appends records in one write. On rejection none of them counts. */
  async write(records: readonly PlannedRecord[], previousEnd: number, cursor: number): Promise<void> {
    const parts = this.#encode(records, previousEnd, cursor);
    let size = 0;
    for (const record of records) size += sizeOf(record);
    try {
      await this.file.writeAt(parts, this.#written.offset);
    } catch (error) {
      await this.#cutBack();
      throw error;
    }
    const last = records[records.length - 1];
    this.#written = { offset: this.#written.offset + size, end: last.first + last.frames };
    for (const record of records) this.#tally(record);
  }

  /**
   * Gives the file its final name, replacing a file that has it; called after the
   * first write, or the last write of a copy. On rejection the other file is
   * unchanged and this one is not usable.
   */
  async takeName(): Promise<void> {
    if (this.temporary === undefined) return;
    try {
      await this.options.files.rename(this.temporary, this.segment.path);
      this.temporary = undefined;
      this.#inPlace = true;
      this.#directorySynced = false;
    } catch (error) {
      this.#usable = false;
      throw error;
    }
  }

  /** All that was written before the call survives a power loss. After a rejection the file is not usable. */
  async sync(): Promise<void> {
    while (this.#syncing !== undefined) await this.#syncing.catch(() => {});
    if (this.#syncFailure !== undefined) throw this.#syncFailure;
    this.#syncing = this.#syncNow();
    try {
      await this.#syncing;
    } finally {
      this.#syncing = undefined;
    }
  }

  /** Writes the footer. On rejection the segment is as it was, and not usable. */
  async seal(cursor: number): Promise<void> {
    const { offset, end } = this.#written;
    this.#usable = false;
    const footer = encodeFooter({
      records: this.#records,
      base: this.segment.base,
      end,
      frames: this.#frames,
      bytes: this.#bytes,
      lowestUs: this.#records === 0 ? 0 : this.#lowestUs,
      highestUs: this.#highestUs,
      cursor,
      offset,
    }, this.segment.marks!.footer);
    try {
      await this.file.writeAt([footer], offset);
      this.#written = { offset: offset + FOOTER_BYTES, end };
    } catch (error) {
      await this.#cutBack();
      throw error;
    }
  }

  /** Removes the file, in which nothing counts; not if it has replaced another one, whose frames it has. */
  async discard(): Promise<void> {
    await this.close();
    if (!this.#inPlace) await this.options.files.unlink(this.temporary ?? this.segment.path).catch(() => {});
  }

  /** Waits for a sync under way. */
  async close(): Promise<void> {
    this.#usable = false;
    await this.#syncing?.catch(() => {});
    this.file.close();
  }

  async #syncNow(): Promise<void> {
    const { clock, syncTimes } = this.options;
    const reached = this.#written;
    const beganMs = clock.monotonicMs();
    try {
      await this.file.sync();
      if (!this.#directorySynced) await this.options.files.syncDirectory(dirname(this.segment.path));
      this.#directorySynced = true;
      this.#synced = reached;
      syncTimes?.observe((clock.monotonicMs() - beganMs) / 1000);
    } catch (error) {
      this.#usable = false;
      this.#syncFailure = error;
      throw error;
    }
  }

  async #cutBack(): Promise<void> {
    try {
      await this.file.truncate(this.#written.offset);
    } catch {
      this.#usable = false;
    }
  }

  #encode(records: readonly PlannedRecord[], previousEnd: number, cursor: number): Uint8Array[] {
    if (this.#headers.length < records.length * RECORD_HEADER_BYTES) {
      this.#headers = new Uint8Array(records.length * 2 * RECORD_HEADER_BYTES);
    }
    const parts: Uint8Array[] = [];
    let offset = 0;
    for (const record of records) {
      encodeRecordHeader(this.#headers, offset, this.segment.marks!.record, {
        length: record.length,
        first: record.first,
        frames: record.frames,
        previousEnd,
        cursor,
        timeUs: record.timeUs,
      }, record.payload);
      parts.push(this.#headers.subarray(offset, offset + RECORD_HEADER_BYTES), ...record.payload);
      offset += RECORD_HEADER_BYTES;
      previousEnd = record.first + record.frames;
    }
    return parts;
  }

  #tally(record: PlannedRecord): void {
    this.#records++;
    this.#frames += record.frames;
    this.#bytes += record.length;
    this.#lowestUs = Math.min(this.#lowestUs, record.timeUs);
    this.#highestUs = Math.max(this.#highestUs, record.timeUs);
  }
}
