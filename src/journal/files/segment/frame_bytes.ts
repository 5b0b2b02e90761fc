/** Counts the bytes of some frames of a record, for which its payload is read. */
import { skipFrames } from "../../../framing/skip.ts";
import type { File } from "../../../runtime/files.ts";
import { RECORD_HEADER_BYTES } from "../format/segment.ts";
import type { Segment } from "./segment.ts";
import { readTolerant } from "./tolerant_read.ts";

/** Where a record is in its file, and how much it holds. */
export interface RecordPlace {
  readonly offset: number;
  /** Bytes of payload. */
  readonly length: number;
  readonly frames: number;
}

/** How many bytes the frames [from, until) of a record have, counted from its first. */
export async function bytesBetween(
  file: File,
  segment: Pick<Segment, "framer">,
  record: RecordPlace,
  from: number,
  until: number,
): Promise<number> {
  const end = await bytesOfFrames(file, segment, record, until);
  return end - (from > 0 ? await bytesOfFrames(file, segment, record, from) : 0);
}

/** How many bytes the first `count` frames of a record have. */
export async function bytesOfFrames(
  file: File,
  { framer }: Pick<Segment, "framer">,
  { offset, length, frames }: RecordPlace,
  count: number,
): Promise<number> {
  if (count >= frames) return length;
  const payload = new Uint8Array(length);
  await readTolerant(file, payload, offset + RECORD_HEADER_BYTES);
  return skipFrames(framer, payload, 0, length, count);
}
