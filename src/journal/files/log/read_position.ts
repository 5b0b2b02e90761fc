/** Where a reader stands: at a record, or at what should be one. */
import type { File } from "../../../runtime/files.ts";
import type { Salvage } from "../segment/salvage.ts";
import { RECORD_HEADER_BYTES, type RecordHeader } from "../format/segment.ts";
import type { Segment } from "../segment/segment.ts";
import { walkRecords } from "../segment/walk_records.ts";

export interface ReadPosition {
  readonly segment: Segment;
  readonly file: File;
  offset: number;
  /** The header at `offset`, if the last read had it already. */
  header: RecordHeader | undefined;
  /** Records are not taken as they come: the segment was found to be damaged. */
  salvage: Salvage | undefined;
}

/** Goes to the first record that is not wholly before `position`. */
export async function goTo(place: ReadPosition, position: number): Promise<void> {
  const { base, marks, limit, start } = place.segment;
  if (marks === undefined || base >= position) return;
  for await (const found of walkRecords(place.file, { marks, from: start, limit, verify: false })) {
    if (found.kind !== "record") continue;
    const { first, frames, length, previousEnd } = found.header;
    if (first + frames > position) {
      // What is damaged before it, and ends before the position, was delivered or given up.
      if (Math.min(previousEnd, first) <= position) place.offset = found.offset;
      return;
    }
    place.offset = found.offset + RECORD_HEADER_BYTES + length;
  }
}

/** Is the record with this header whole, as far as the file's size says? */
export function fits(segment: Segment, offset: number, header: RecordHeader): boolean {
  return offset + RECORD_HEADER_BYTES + header.length <= segment.limit;
}

/** Goes on behind the record with this header. */
export function advance(place: ReadPosition, header: RecordHeader): void {
  place.offset += RECORD_HEADER_BYTES + header.length;
  place.header = undefined;
}
