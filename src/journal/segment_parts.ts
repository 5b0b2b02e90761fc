/** A sealed segment cut into its parts: header, records, footer. */
import type { File } from "../runtime/files.ts";
import {
  encodeFooter,
  encodeRecordHeader,
  type Marks,
  RECORD_HEADER_BYTES,
  type RecordHeader,
  SEGMENT_HEADER_BYTES,
} from "./format.ts";
import { walkRecords } from "./walk.ts";

/** A segment is not what was written: it is left as it is. */
export class DamagedSegmentError extends Error {
  override readonly name = "DamagedSegmentError";
  constructor(path: string, readonly offset: number) {
    super(`${path}: damaged at byte ${offset}`);
  }
}

/**
 * The parts of a whole segment with a footer, every checksum verified. One after
 * the other they are the file. Throws a {@link DamagedSegmentError} at what is
 * neither record nor footer.
 */
export async function* partsOf(file: File, marks: Marks): AsyncGenerator<Uint8Array> {
  const size = await file.size();
  const head = new Uint8Array(SEGMENT_HEADER_BYTES);
  await file.readAt(head, 0);
  yield head;
  let sealed = false;
  for await (const found of walkRecords(file, { marks, limit: size, verify: true })) {
    if (sealed || found.kind === "damage" || found.kind === "tail") {
      throw new DamagedSegmentError(file.path, found.offset);
    }
    if (found.kind === "footer") {
      sealed = true;
      yield encodeFooter(found.footer, marks.footer);
    } else {
      yield recordPart(found.header, found.payload, marks);
    }
  }
  if (!sealed) throw new DamagedSegmentError(file.path, size);
}

/** A record as it stands in a segment with these marks. */
export function recordPart(header: RecordHeader, payload: Uint8Array, marks: Marks): Uint8Array {
  const part = new Uint8Array(RECORD_HEADER_BYTES + payload.length);
  encodeRecordHeader(part, 0, marks.record, header, [payload]);
  part.set(payload, RECORD_HEADER_BYTES);
  return part;
}
