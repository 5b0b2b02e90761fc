/** Adds up the records of a segment in one pass. */
import type { File } from "../../../runtime/files.ts";
import { type Footer, RECORD_HEADER_BYTES, type RecordHeader, SEGMENT_HEADER_BYTES } from "../format/segment.ts";
import { walkInOrder } from "./ordered_walk.ts";
import type { SegmentSurvey } from "./survey.ts";
import type { WalkedItem } from "./walk_records.ts";

/** What is between the last valid record and the footer or the end of the file. */
export type SegmentTail = "none" | "torn" | "damaged";

/**
 * The sum over a segment's records, each counted once. Records with a damaged
 * payload are included if a whole record follows them.
 */
export interface RecordTally {
  readonly records: number;
  readonly frames: number;
  /** Bytes of frames. */
  readonly bytes: number;
  readonly lowestUs: number;
  readonly highestUs: number;
  /** Sequence after the last valid record; the base if there is none. */
  readonly end: number;
  /** Offset in the file at which the last valid record ends. */
  readonly offset: number;
  /** The cursor in the newest record. */
  readonly cursor: number | undefined;
  readonly tail: SegmentTail;
  /** True if there are bytes before the last record that are no record. */
  readonly damaged: boolean;
  /** Damaged records at the end of the file, which are cut off with the tail; ascending by sequence. */
  readonly lost: readonly RecordHeader[];
  /** Sequence after the last frame of these, by their headers; `end` if there are none. */
  readonly claimedEnd: number;
}

/** Adds up the records of a segment that begin below `endBeforeLater`; `verify`: their payloads are checked. */
export async function tallyRecords(
  file: File,
  segment: SegmentSurvey,
  verify: boolean,
  endBeforeLater: number = Number.POSITIVE_INFINITY,
): Promise<RecordTally> {
  const { marks, base, size, start } = segment;
  const sum = new Sum(segment);
  if (marks !== undefined) {
    for await (const found of walkInOrder(file, { marks, base, from: start, limit: size, verify })) {
      if (found.kind === "record" && found.header.first >= endBeforeLater) break;
      sum.add(found);
    }
  }
  const damaged = marks === undefined && size > SEGMENT_HEADER_BYTES;
  return damaged ? { ...sum.tally(endBeforeLater), tail: "damaged" } : sum.tally(endBeforeLater);
}

class Sum {
  #end: number;
  #offset: number;
  #cursor: number | undefined;
  /** Damage between or behind the records, by the offset at which it begins. */
  #damages: { readonly offset: number; readonly header: RecordHeader | undefined }[] = [];
  #tail: { readonly offset: number; readonly torn: boolean } | undefined;
  readonly #count = { records: 0, frames: 0, bytes: 0, lowestUs: Number.POSITIVE_INFINITY, highestUs: 0 };

  constructor({ base, size, start }: SegmentSurvey) {
    this.#end = base;
    this.#offset = Math.min(size, start);
  }

  add(found: WalkedItem): void {
    if (found.kind === "tail") this.#tail = found;
    else if (found.kind === "damage") this.#damages.push({ offset: found.offset, header: found.header });
    else if (found.kind === "record") {
      const { first, frames, length, cursor } = found.header;
      this.#add(found.header);
      this.#end = first + frames;
      this.#cursor = cursor;
      this.#offset = Math.max(this.#offset, found.offset + RECORD_HEADER_BYTES + length);
    }
  }

  #add({ frames, length, timeUs }: RecordHeader): void {
    const count = this.#count;
    count.records++;
    count.frames += frames;
    count.bytes += length;
    count.lowestUs = Math.min(count.lowestUs, timeUs);
    count.highestUs = Math.max(count.highestUs, timeUs);
  }

  /** Damage that a whole record follows stays in the file; the reader reports it. */
  tally(endBeforeLater: number): RecordTally {
    const offset = this.#offset;
    const lost: RecordHeader[] = [];
    let end = this.#end;
    for (const { offset: at, header } of this.#damages) {
      if (header === undefined || header.first >= endBeforeLater) continue;
      if (at >= offset) {
        lost.push(header);
      } else {
        this.#add(header);
        end = Math.max(end, header.first + header.frames);
      }
    }
    const claimedEnd = lost.reduce((most, { first, frames }) => Math.max(most, first + frames), end);
    const isDamagedBehind = this.#damages.some((damage) => damage.offset >= offset);
    const tail = isDamagedBehind ? "damaged" : this.#tail === undefined ? "none" : this.#tail.torn ? "torn" : "damaged";
    return {
      ...this.#count,
      end: Math.min(end, endBeforeLater),
      offset,
      cursor: this.#cursor,
      tail,
      damaged: this.#damages.some((damage) => damage.offset < offset),
      lost,
      claimedEnd: Math.min(claimedEnd, endBeforeLater),
    };
  }
}

/** The footer of a segment that ends with its last valid record; `cursor` is used if it has no record. */
export function footerOf(base: number, tally: RecordTally, cursor: number): Footer {
  const { records, end, frames, bytes, lowestUs, highestUs, offset } = tally;
  return { records, base, end, frames, bytes, lowestUs, highestUs, cursor: tally.cursor ?? cursor, offset };
}
