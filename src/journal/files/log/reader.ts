/**
 * Reads frames back in sequence order, behind the writer and from segment to
 * segment. Its unit is a buffer full of records: one positional read, a
 * checksum for each record, payloads pushed together in place.
 */
import type { BufferPool, PooledBuffer } from "../../../base/buffer.ts";
import { joinRecords, readLength } from "./join_records.ts";
import {
  type Detour,
  detourThrough,
  lossOfAll,
  lossOfBytes,
  lossOfRecord,
  lossOfRun,
  type LossPlace,
  type SegmentDamage,
} from "../segment/detour.ts";
import {
  decodeFooter,
  decodeRecordHeader,
  FOOTER_BYTES,
  payloadMatches,
  RECORD_HEADER_BYTES,
  type RecordHeader,
} from "../format/segment.ts";
import { advance, fits, goTo, type Place } from "./read_position.ts";
import type { Segment } from "../segment/segment.ts";
import { openSegmentIfThere } from "../segment/segment_files.ts";
import type { ReaderContext } from "./reader_context.ts";
import { readTolerant } from "../segment/tolerant_read.ts";
import type { JournalBatch, JournalReader } from "../../journal.ts";

export class Reader implements JournalReader {
  #place: Place | undefined;
  #closed = false;
  /** The header behind a payload that fills a buffer to the brim. */
  readonly #scratch = new Uint8Array(FOOTER_BYTES);
  #reading = false;
  /** Close the file as soon as nothing is read from it. */
  #letGo = false;

  constructor(
    private readonly context: ReaderContext,
    private readonly pool: BufferPool,
    public position: number,
    private readonly onClose: () => void,
  ) {}

  seek(sequence: number): void {
    if (sequence === this.position) return;
    this.position = sequence;
    this.#leave();
  }

  async next(sole: boolean): Promise<JournalBatch | undefined> {
    this.#reading = true;
    try {
      return await this.#next(sole);
    } finally {
      this.#reading = false;
      if (this.#letGo) this.#leave();
    }
  }

  /** Closes the file of a segment that is about to be unlinked, as soon as nothing is being read from it. */
  letGo(segment: Segment): void {
    if (this.#place?.segment !== segment) return;
    if (this.#reading) this.#letGo = true;
    else this.#leave();
  }

  async #next(sole: boolean): Promise<JournalBatch | undefined> {
    while (!this.#closed) {
      const place = this.#place ?? await this.#enter();
      if (place === undefined) return undefined;
      // A later segment has what follows its base: whatever stands here behind that is left over.
      if (this.#isMoved(place)) {
        if (!this.#leaveFor(place)) return undefined;
        continue;
      }
      if (place.detour !== undefined && place.offset >= place.detour.end) {
        await this.#takeStep(place, place.detour);
        continue;
      }
      if (place.offset >= place.segment.limit) {
        if (this.#lacks(place, place.segment.end)) await this.#layOut(place);
        else if (!this.#leaveFor(place)) return undefined;
        continue;
      }
      const header = place.header ?? await this.#headerAt(place);
      if (header === undefined) continue;
      if (header.first + header.frames <= this.position) {
        advance(place, header);
        continue;
      }
      if (place.detour === undefined && this.#lacks(place, Math.min(header.previousEnd, header.first))) {
        await this.#layOut(place);
        continue;
      }
      if (header.first >= this.context.segments.boundOf(place.segment)) {
        place.offset = place.segment.limit;
        continue;
      }
      this.#noteHole(place, header);
      const batch = await this.#readBatch(place, header, sole);
      if (batch !== "again") return batch;
    }
    return undefined;
  }

  close(): void {
    this.#closed = true;
    this.#leave();
    this.onClose();
  }

  #leave(): void {
    this.#place?.file.close();
    this.#place = undefined;
    this.#letGo = false;
  }

  /** Opens the segment that `position` is in, at the first record that is not wholly before it. */
  async #enter(): Promise<Place | undefined> {
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
        this.#lostFile(segment);
        continue;
      }
      const place: Place = { segment, file, offset: segment.start, header: undefined, detour: undefined };
      this.#place = place;
      await goTo(place, this.position);
      return this.#place;
    }
  }

  /** Has the segment, or had it, frames below `until` that did not come where they should have? */
  #lacks({ segment }: Place, until: number): boolean {
    const { segments } = this.context;
    return Math.min(until, segments.boundOf(segment)) > Math.max(this.position, segment.base, segments.floor);
  }

  /** The segment is not as it was written: its steps are taken from here on. */
  async #layOut(place: Place): Promise<void> {
    const { segment, file } = place;
    place.detour = await detourThrough(file, segment, this.context.segments.boundOf(segment));
    place.header = undefined;
  }

  async #takeStep(place: Place, detour: Detour): Promise<void> {
    place.header = undefined;
    const step = detour.steps[detour.next++];
    if (step === undefined) {
      place.detour = undefined;
      place.offset = detour.limit;
    } else if (step.kind === "run") {
      if (step.until <= this.position) return;
      place.offset = step.offset;
      detour.end = step.end;
    } else if (step.kind === "claim") {
      await this.#damaged(place, await lossOfRecord(this.#lossAt(place), step));
    } else {
      const loss = lossOfBytes(this.#lossAt(place), step);
      if (loss !== undefined) await this.#damaged(place, loss);
    }
  }

  /** Nothing more in this segment: true if there is another one to go on with. */
  #leaveFor(place: Place): boolean {
    const { segment } = place;
    const { segments } = this.context;
    // What it lacked was told before, or given up with all that is below the floor.
    this.position = Math.max(this.position, Math.min(segment.end, segments.boundOf(segment)));
    // One that is not in the list was replaced or unlinked: the position is looked for anew.
    if (segments.after(segment) !== undefined || !segments.all.includes(segment)) {
      this.#leave();
      return true;
    }
    this.#reachEnd();
    return false;
  }

  /** What is before the journal's end and was not found by now will not be found any more. */
  #reachEnd(): void {
    this.position = Math.max(this.position, this.context.end());
  }

  /** The header at the reader's place; undefined where there is none, and something else is to be done first. */
  async #headerAt(place: Place): Promise<RecordHeader | undefined> {
    const { segment, file, offset } = place;
    const limit = segment.limit;
    if (segment.marks === undefined) {
      await this.#damaged(place, lossOfAll(this.#lossAt(place), offset));
      place.offset = limit;
      return undefined;
    }
    const length = Math.min(FOOTER_BYTES, limit - offset);
    const bytes = this.#scratch.subarray(0, await readTolerant(file, this.#scratch.subarray(0, length), offset));
    const header = decodeRecordHeader(bytes, 0, segment.marks.record);
    if (header !== undefined && fits(segment, offset, header)) return place.header = header;
    const isFooter = decodeFooter(bytes, offset) !== undefined;
    if (isFooter && offset + FOOTER_BYTES === limit) place.offset = limit;
    else if (place.detour === undefined) await this.#layOut(place);
    else {
      // It was whole a moment ago.
      await this.#damaged(place, lossOfRun(this.#lossAt(place), offset, place.detour));
      place.offset = place.detour.end;
    }
    return undefined;
  }

  /** Frames that a record says were before it and that did not come are lost without a trace. */
  #noteHole(place: Place, header: RecordHeader): void {
    const { segments, openedAt } = this.context;
    this.position = Math.max(this.position, segments.floor);
    const until = Math.min(header.previousEnd, header.first);
    if (until > this.position) {
      const counted = this.position >= openedAt;
      const frames = until - this.position;
      this.#report(place.segment, { offset: place.offset, bytes: 0, until, frames, payloadBytes: 0, counted });
    }
    this.position = Math.max(this.position, header.first);
  }

  #lostFile(segment: Segment): void {
    const { segments } = this.context;
    if (!segments.all.includes(segment)) return;
    const until = Math.min(segment.end, segments.boundOf(segment));
    segments.remove(segment);
    const frames = Math.min(segment.frames, until - this.position);
    this.#report(segment, { offset: 0, bytes: 0, until, frames, payloadBytes: segment.frameBytes, counted: true });
    this.position = Math.max(this.position, until);
  }

  #report(segment: Segment, damage: Omit<SegmentDamage, "segment" | "from">): void {
    this.context.damages.report({ segment: segment.name, from: this.position, ...damage });
  }

  /** A stretch that costs frames, or none: copied to quarantine and reported. */
  async #damaged({ segment, file }: Place, damage: Omit<SegmentDamage, "segment" | "from">): Promise<void> {
    const { offset, bytes, until } = damage;
    if (bytes > 0) await this.context.quarantine.tryCopy(segment.name, file, offset, bytes);
    this.#report(segment, damage);
    this.position = Math.max(this.position, until);
  }

  #lossAt({ segment, file }: Place): LossPlace {
    return { segment, file, position: this.position, bound: this.context.segments.boundOf(segment) };
  }

  /** `again`: nothing came of it, what is next has to be looked for anew. */
  async #readBatch(place: Place, header: RecordHeader, sole: boolean): Promise<JournalBatch | undefined | "again"> {
    const start = place.offset + RECORD_HEADER_BYTES;
    const available = place.segment.limit - start;
    const buffer = this.pool.takeReserved(Math.max(header.length, Math.min(this.pool.bufferBytes, available)), sole);
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
    if (place.detour === undefined) {
      await this.#layOut(place);
    } else {
      const record = { offset: place.offset, bytes: RECORD_HEADER_BYTES + header.length, header };
      await this.#damaged(place, await lossOfRecord(this.#lossAt(place), record));
      advance(place, header);
    }
    return "again";
  }

  /** A later segment has what follows: after a failed sync it may have got that while this one was being read. */
  #isMoved({ segment }: Place): boolean {
    return this.position >= this.context.segments.boundOf(segment);
  }

  #join(place: Place, header: RecordHeader, buffer: PooledBuffer, length: number): JournalBatch {
    const { marks, framer } = place.segment;
    const bound = this.context.segments.boundOf(place.segment);
    const joined = joinRecords(buffer.bytes, { header, length, marks: marks!, framer, bound, position: this.position });
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
