/** Which frames of a sequence range a segment has, told from its record headers: for whoever counts them. */
import type { File } from "../../../runtime/files.ts";
import { payloadMatches, RECORD_HEADER_BYTES, type RecordHeader } from "../format/segment.ts";
import { walkInOrder } from "../segment/ordered_walk.ts";
import { bytesBetween } from "../segment/frame_bytes.ts";
import type { Segment } from "../segment/segment.ts";
import { readSome } from "../segment/tolerant_read.ts";

/** Frames of one record, whole or damaged behind its header. */
export interface FramesFound {
  /** Of their record in the file. */
  readonly offset: number;
  /** What the record has in all. */
  readonly recordFrames: number;
  /** Those that were asked for, and their bytes. */
  readonly frames: number;
  readonly bytes: number;
  /** When the first frame of their record arrived, µs since 1970. */
  readonly timeUs: number;
}

/** Sequences [from, until) of a segment that has frames below `bound` alone. */
export interface FramesWanted {
  readonly from: number;
  readonly until: number;
  readonly bound: number;
}

/**
 * Every record of an open segment, with how much of it is wanted. Of payloads
 * only those are read that the range cuts.
 */
export async function* framesBetween(
  file: File,
  segment: Pick<Segment, "base" | "marks" | "start" | "limit" | "framer">,
  { from, until, bound }: FramesWanted,
): AsyncGenerator<FramesFound> {
  const { base, marks, start, limit } = segment;
  for await (const found of walkInOrder(file, { base, marks: marks!, from: start, limit, verify: false })) {
    if (found.kind !== "record" && found.kind !== "damage" || found.header === undefined) continue;
    const { offset, header: { first, frames: recordFrames, length, timeUs } } = found;
    if (first >= bound) return;
    const begin = Math.min(recordFrames, Math.max(0, from - first));
    const end = Math.max(begin, Math.min(recordFrames, until - first));
    let record = { offset, length, frames: recordFrames };
    const isCut = begin < end && end - begin < recordFrames;
    // Which frames are in a damaged payload cannot be told; a whole copy of it may be elsewhere in the file.
    if (isCut) record = { ...record, offset: await wholeCopyOf(file, segment, found.header, offset) };
    const bytes = begin === end ? 0 : await bytesBetween(file, segment, record, begin, end);
    yield { offset, recordFrames, frames: end - begin, bytes, timeUs };
  }
}

/** Where a whole copy of the record at `offset` stands; `offset` if there is none. */
async function wholeCopyOf(
  file: File,
  { base, marks, start, limit }: Pick<Segment, "base" | "marks" | "start" | "limit">,
  header: RecordHeader,
  offset: number,
): Promise<number> {
  const payload = await readSome(file, offset + RECORD_HEADER_BYTES, header.length);
  if (payloadMatches(header, payload)) return offset;
  for await (const found of walkInOrder(file, { base, marks: marks!, from: start, limit, verify: true })) {
    if (found.kind === "record" && found.header.first === header.first) return found.offset;
  }
  return offset;
}
