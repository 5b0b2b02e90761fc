/**
 * Reads frames back in sequence order, behind the writer and from segment to
 * segment. A read fills a buffer with records: one positional read, one checksum
 * per record, and the payloads are moved together in place.
 */
import type { BufferPool, PooledBuffer } from "../../../base/buffer.ts";
import { joinRecords, readLength } from "./join_records.ts";
import {
  decodeFooter,
  decodeRecordHeader,
  FOOTER_BYTES,
  payloadMatches,
  RECORD_HEADER_BYTES,
  type RecordHeader,
} from "../format/segment.ts";
import { advance, fits, goTo, type ReadPosition } from "./read_position.ts";
import type { Segment } from "../segment/segment.ts";
import { openSegmentIfThere } from "../segment/segment_files.ts";
import { type ReaderContext, ReaderDamage } from "./reader_damage.ts";
import { readTolerant } from "../segment/tolerant_read.ts";
import type { JournalBatch, JournalReader } from "../../journal.ts";

export class Reader implements JournalReader {
  #place: ReadPosition | undefined;
  #closed = false;
  /** For a header or footer that is read by itself. */
  readonly #scratch = new Uint8Array(FOOTER_BYTES);
  #reading = false;
  /** The segment is about to be unlinked: its file is closed when the read ends. */
  #closeAfterRead = false;
  readonly #damage: ReaderDamage;

  constructor(
    private readonly context: ReaderContext,
    private readonly pool: BufferPool,
    public position: number,
    private readonly onClose: () => void,
  ) {
    this.#damage = new ReaderDamage(context);
  }

  seek(sequence: number): void {
    if (sequence === this.position) return;
    this.position = sequence;
    this.#leave();
  }

  async next(mustGrant: boolean): Promise<JournalBatch | undefined> {
    this.#reading = true;
    try {
      return await this.#next(mustGrant);
    } finally {
      this.#reading = false;
      if (this.#closeAfterRead) this.#leave();
    }
  }

  /** Closes the file of a segment that is about to be unlinked, as soon as nothing is being read from it. */
  release(segment: Segment): void {
    if (this.#place?.segment !== segment) return;
    if (this.#reading) this.#closeAfterRead = true;
    else this.#leave();
  }

  async #next(mustGrant: boolean): Promise<JournalBatch | undefined> {
    while (!this.#closed) {
      const place = this.#place ?? await this.#enter();
      if (place === undefined) return undefined;
      const header = await this.#findRecord(place);
      if (header === "end") return undefined;
      if (header === "again") continue;
      this.position = this.#damage.passHole(place, this.position, header);
      const batch = await this.#readBatch(place, header, mustGrant);
      if (batch !== "again") return batch;
    }
    return undefined;
  }

  /**
   * The header of the record to read next. `again`: the reader has moved, and what
   * is at its place now has to be looked at. `end`: there is nothing more yet.
   */
  async #findRecord(place: ReadPosition): Promise<RecordHeader | "again" | "end"> {
    const { segment, salvage } = place;
    // A later segment has the frames from its base on: anything in this one behind that is left over.
    if (this.#isMoved(place)) return this.#leaveSegment(place);
    if (salvage !== undefined && place.offset >= salvage.end) {
      this.position = await this.#damage.takeStep(place, salvage, this.position);
      return "again";
    }
    if (place.offset >= segment.limit) {
      if (!this.#damage.isLacking(place, this.position, segment.end)) return this.#leaveSegment(place);
      await this.#damage.beginSalvage(place);
      return "again";
    }
    const header = place.header ?? await this.#headerAt(place);
    if (header === undefined) return "again";
    if (header.first + header.frames <= this.position) {
      advance(place, header);
      return "again";
    }
    const before = Math.min(header.previousEnd, header.first);
    if (salvage === undefined && this.#damage.isLacking(place, this.position, before)) {
      await this.#damage.beginSalvage(place);
      return "again";
    }
    if (header.first >= this.context.segments.endBeforeLater(segment)) {
      place.offset = segment.limit;
      return "again";
    }
    return header;
  }

  close(): void {
    this.#closed = true;
    this.#leave();
    this.onClose();
  }

  #leave(): void {
    this.#place?.file.close();
    this.#place = undefined;
    this.#closeAfterRead = false;
  }

  /** Opens the segment that `position` is in, at the first record that is not wholly before it. */
  async #enter(): Promise<ReadPosition | undefined> {
    const { files, segments } = this.context;
    for (;;) {
      let segment = segments.holding(this.position);
      if (segment !== undefined && segment.end <= this.position) segment = segments.after(segment);
      if (segment === undefined) {
        this.#reachEnd();
        return undefined;
      }
      const file = await openSegmentIfThere(files, segment.path);
      if (file === undefined) {
        this.position = this.#damage.loseFile(segment, this.position);
        continue;
      }
      const place: ReadPosition = { segment, file, offset: segment.start, header: undefined, salvage: undefined };
      this.#place = place;
      await goTo(place, this.position);
      return this.#place;
    }
  }

  /** Nothing more is read from this segment. `again`: there is another one to go on with. */
  #leaveSegment({ segment }: ReadPosition): "again" | "end" {
    const { segments } = this.context;
    // Frames missing in it were reported before, or removed on purpose.
    this.position = Math.max(this.position, Math.min(segment.end, segments.endBeforeLater(segment)));
    // One that is not in the list was replaced or unlinked: the position is looked for anew.
    if (segments.after(segment) !== undefined || !segments.all.includes(segment)) {
      this.#leave();
      return "again";
    }
    this.#reachEnd();
    return "end";
  }

  /** Frames before the journal's end that were not found by now are not in any segment. */
  #reachEnd(): void {
    this.position = Math.max(this.position, this.context.end());
  }

  /** The header at the reader's place; undefined if there is none, and the place or what is known of it has changed. */
  async #headerAt(place: ReadPosition): Promise<RecordHeader | undefined> {
    const { segment, file, offset, salvage } = place;
    const { limit, marks } = segment;
    if (marks === undefined) {
      this.position = await this.#damage.loseSegment(place, this.position);
      return undefined;
    }
    const length = Math.min(FOOTER_BYTES, limit - offset);
    const bytes = this.#scratch.subarray(0, await readTolerant(file, this.#scratch.subarray(0, length), offset));
    const header = decodeRecordHeader(bytes, 0, marks.record);
    if (header !== undefined && fits(segment, offset, header)) return place.header = header;
    const isLast = offset + FOOTER_BYTES === limit;
    if (isLast && decodeFooter(bytes, offset) !== undefined) place.offset = limit;
    else if (salvage === undefined) await this.#damage.beginSalvage(place);
    else this.position = await this.#damage.loseRun(place, this.position, salvage);
    return undefined;
  }

  /** `again`: the record cannot be taken, and the reader's place has to be looked at again. */
  async #readBatch(
    place: ReadPosition,
    header: RecordHeader,
    mustGrant: boolean,
  ): Promise<JournalBatch | undefined | "again"> {
    const start = place.offset + RECORD_HEADER_BYTES;
    const available = place.segment.limit - start;
    const buffer = this.pool.takeReserved(
      Math.max(header.length, Math.min(this.pool.bufferBytes, available)),
      mustGrant,
    );
    if (buffer === undefined) return undefined;
    try {
      const wanted = readLength(header.length, Math.min(available, buffer.bytes.length));
      const length = await readTolerant(place.file, buffer.bytes.subarray(0, wanted), start);
      const intact = length >= header.length && payloadMatches(header, buffer.bytes.subarray(0, header.length));
      if (intact && !this.#closed && !this.#isMoved(place)) return this.#join(place, header, buffer, length);
    } catch (error) {
      buffer.release();
      throw error;
    }
    buffer.release();
    if (this.#closed) return undefined;
    if (this.#isMoved(place)) return "again";
    if (place.salvage === undefined) {
      await this.#damage.beginSalvage(place);
    } else {
      this.position = await this.#damage.loseRecord(place, this.position, header);
      advance(place, header);
    }
    return "again";
  }

  /** True if a later segment has what follows; after a failed sync it may get that while this one is read. */
  #isMoved({ segment }: ReadPosition): boolean {
    return this.position >= this.context.segments.endBeforeLater(segment);
  }

  #join(place: ReadPosition, header: RecordHeader, buffer: PooledBuffer, length: number): JournalBatch {
    const { marks, framer } = place.segment;
    const endBeforeLater = this.context.segments.endBeforeLater(place.segment);
    const joined = joinRecords(buffer.bytes, {
      header,
      length,
      marks: marks!,
      framer,
      endBeforeLater,
      position: this.position,
    });
    place.offset += RECORD_HEADER_BYTES + joined.consumed;
    place.header = joined.next !== undefined && fits(place.segment, place.offset, joined.next)
      ? joined.next
      : undefined;
    this.position = joined.until;
    const { start, end, parts } = joined;
    const frames = parts.reduce((sum, part) => sum + part.frames, 0);
    return { buffer, start, end, first: parts[0].first, frames, parts, framer };
  }
}
