/** Cuts sealed segments, one or several merged, into their parts: header, records, footer. */
import type { File, FileSystem } from "../../../runtime/files.ts";
import {
  encodeFooter,
  encodeRecordHeader,
  encodeSegmentHeader,
  type Marks,
  marksOf,
  RECORD_HEADER_BYTES,
  type RecordHeader,
  SEGMENT_HEADER_BYTES,
} from "../format/segment.ts";
import { walkInOrder } from "../segment/ordered_walk.ts";
import { framesBelow } from "../segment/overlap.ts";
import { openSegment } from "../segment/segment_files.ts";
import type { SegmentSurvey } from "../segment/survey.ts";
import { walkRecords } from "../segment/walk_records.ts";

/** A segment is damaged and is therefore left as it is. */
export class DamagedSegmentError extends Error {
  override readonly name = "DamagedSegmentError";
  constructor(readonly path: string, readonly offset: number) {
    super(`${path}: damaged at byte ${offset}`);
  }
}

/**
 * The parts of a sealed segment, which together are the file, with every checksum
 * verified. Throws a {@link DamagedSegmentError} at anything that is neither record
 * nor footer.
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

export interface MergeSource {
  readonly survey: SegmentSurvey;
  /** Frames from this sequence on are in a later segment. */
  readonly endBeforeLater: number;
}

/**
 * The parts of one segment with the frames that count in `sources`, which are
 * consecutive segments of one framing. Records are verified and get the new salt;
 * one with frames from `endBeforeLater` on is shortened. The header is that of the
 * first source except for the salt, so that what it says about the frames before
 * stays true.
 */
export async function* mergedParts(
  files: FileSystem,
  sources: readonly MergeSource[],
  salt: Uint8Array,
): AsyncGenerator<Uint8Array> {
  const marks = marksOf(salt);
  const [{ survey: first }] = sources;
  const { survey: last } = sources[sources.length - 1];
  const sum = { records: 0, frames: 0, bytes: 0, lowestUs: Number.POSITIVE_INFINITY, highestUs: 0 };
  let end = first.base;
  let offset = SEGMENT_HEADER_BYTES;
  yield encodeSegmentHeader({ ...first.header!, salt });
  for (const source of sources) {
    for await (const { header, payload } of countingRecords(files, source)) {
      // The second copy of a record does not count, as for every reader.
      if (header.first < end) continue;
      const part = recordPart(header, payload, marks);
      yield part;
      sum.records++;
      sum.frames += header.frames;
      sum.bytes += header.length;
      sum.lowestUs = Math.min(sum.lowestUs, header.timeUs);
      sum.highestUs = Math.max(sum.highestUs, header.timeUs);
      end = header.first + header.frames;
      offset += part.length;
    }
  }
  const lowestUs = sum.records === 0 ? 0 : sum.lowestUs;
  yield encodeFooter({ ...sum, lowestUs, base: first.base, end, cursor: last.footer!.cursor, offset }, marks.footer);
}

/** The records of a segment without the frames that later segments have. */
async function* countingRecords(files: FileSystem, { survey, endBeforeLater }: MergeSource) {
  const file = await openSegment(files, survey.path);
  try {
    const { base, marks, size } = survey;
    for await (const found of walkInOrder(file, { base, marks: marks!, limit: size, verify: true })) {
      if (found.kind === "footer") return;
      if (found.kind !== "record") throw new DamagedSegmentError(survey.path, found.offset);
      if (found.header.first >= endBeforeLater) return;
      yield framesBelow(endBeforeLater, found, survey.framer);
    }
    throw new DamagedSegmentError(survey.path, survey.size);
  } finally {
    file.close();
  }
}

/** The bytes of a record in a segment with these marks. */
function recordPart(header: RecordHeader, payload: Uint8Array, marks: Marks): Uint8Array {
  const part = new Uint8Array(RECORD_HEADER_BYTES + payload.length);
  encodeRecordHeader(part, 0, marks.record, header, [payload]);
  part.set(payload, RECORD_HEADER_BYTES);
  return part;
}
