/** Where a reader stands: at a record, or at what should be one. */
import type { File } from "../runtime/files.ts";
import { RECORD_HEADER_BYTES, type RecordHeader } from "./format.ts";
import type { Segment } from "./segment.ts";

export interface Place {
  readonly segment: Segment;
  readonly file: File;
  offset: number;
  /** The header at `offset`, if the last read had it already. */
  header: RecordHeader | undefined;
}

/** Is the record with this header whole, as far as the file's size says? */
export function fits(segment: Segment, offset: number, header: RecordHeader): boolean {
  return offset + RECORD_HEADER_BYTES + header.length <= segment.limit;
}

/** Goes on behind the record with this header. */
export function advance(place: Place, header: RecordHeader): void {
  place.offset += RECORD_HEADER_BYTES + header.length;
  place.header = undefined;
}
