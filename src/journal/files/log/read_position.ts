/** The position of a reader in a segment file: at a record, or where a record should be. */
import type { File } from "../../../runtime/files.ts";
import type { Salvage } from "../segment/salvage.ts";
import { RECORD_HEADER_BYTES, type RecordHeader } from "../format/segment.ts";
import type { Segment } from "../segment/segment.ts";
import { walkRecords } from "../segment/walk_records.ts";

export interface ReadPosition {
  readonly segment: Segment;
  readonly file: File;
  offset: number;
  /** The header at `offset`, if it was read already. */
  header: RecordHeader | undefined;
  /** Set once the segment was found to be damaged: then records are not taken in the order of the file. */
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
      // Damage before this record that ends before the position was delivered or dropped.
      if (Math.min(previousEnd, first) <= position) place.offset = found.offset;
      return;
    }
    place.offset = found.offset + RECORD_HEADER_BYTES + length;
  }
}

/** True if the record with this header ends within the file. */
export function fits(segment: Segment, offset: number, header: RecordHeader): boolean {
  return offset + RECORD_HEADER_BYTES + header.length <= segment.limit;
}

/** Goes on behind the record with this header. */
export function advance(place: ReadPosition, header: RecordHeader): void {
  place.offset += RECORD_HEADER_BYTES + header.length;
  place.header = undefined;
}
