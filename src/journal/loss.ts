/** What is lost where a record is damaged: as many frames and bytes as were counted for it, so that the books balance. */
import type { File } from "../runtime/files.ts";
import { decodeRecordHeader, RECORD_HEADER_BYTES, type RecordHeader } from "./format.ts";
import { bytesBetween } from "./record_bytes.ts";
import type { Segment } from "./segment.ts";
import { readSome } from "./tolerant_read.ts";
import type { Damage } from "./types.ts";
import { type Found, walkRecords } from "./walk.ts";

/** Where the frames of a damaged stretch that ends at `offset` end, as the record there says; else the segment's end. */
export async function endOfLoss(file: File, segment: Segment, offset: number): Promise<number> {
  if (segment.marks === undefined || offset + RECORD_HEADER_BYTES > segment.limit) return segment.end;
  const next = decodeRecordHeader(await readSome(file, offset, RECORD_HEADER_BYTES), 0, segment.marks.record);
  return next === undefined ? segment.end : Math.min(next.previousEnd, next.first);
}

interface Loss {
  readonly frames: number;
  readonly bytes: number;
}

/** A stretch without a readable header, and what it holds at most. */
interface Stretch extends Loss {
  readonly offset: number;
  /** Sequence after its last frame. */
  readonly until: number;
}

/**
 * The loss in a damaged stretch of a segment, from the reader's position on.
 * `header` is there if only the payload behind it is damaged; frames from
 * `bound` on are taken from a later segment.
 */
export async function lossIn(
  file: File,
  segment: Segment,
  { offset, bytes, from, until, bound }: Pick<Damage, "offset" | "bytes" | "from" | "until"> & { bound: number },
  header: RecordHeader | undefined,
): Promise<Pick<Damage, "frames" | "payloadBytes" | "counted">> {
  if (header !== undefined) {
    const { first, frames, length } = header;
    const payloadBytes = await bytesBetween(
      file,
      segment,
      { offset, length, frames },
      Math.max(0, from - first),
      until - first,
    );
    return { frames: until - Math.max(from, first), payloadBytes, counted: true };
  }
  if (segment.counted === "all" && segment.marks !== undefined) {
    const lost = await lossAt(file, segment, offset, bound);
    if (lost.frames + lost.bytes > 0) return { frames: lost.frames, payloadBytes: lost.bytes, counted: true };
  }
  return { frames: until - from, payloadBytes: Math.max(0, bytes - RECORD_HEADER_BYTES), counted: false };
}

/**
 * The loss in the stretch at `offset` of a segment whose frames were all
 * counted. What the readable headers do not account for is lost; where there
 * are several such stretches each gets what it may have held, in order, and the
 * last one the rest. Reads the headers of the whole segment.
 */
async function lossAt(file: File, segment: Segment, offset: number, bound: number): Promise<Loss> {
  let left: Loss = { frames: segment.frames, bytes: segment.frameBytes };
  const stretches: Stretch[] = [];
  let damage: Extract<Found, { kind: "damage" | "tail" }> | undefined;
  let end = segment.base;
  const close = (until: number) => {
    if (damage !== undefined) stretches.push(atMost(damage, end, until));
    damage = undefined;
  };
  for await (const found of walkRecords(file, { marks: segment.marks!, limit: segment.limit, verify: false })) {
    if (found.kind === "record") {
      const { first, frames, length, previousEnd } = found.header;
      if (first < end) continue;
      // One that does not belong here: the reader goes no further either.
      if (first >= bound) break;
      close(Math.min(previousEnd, first));
      left = { frames: left.frames - frames, bytes: left.bytes - length };
      end = first + frames;
    } else if (found.kind !== "footer") {
      damage ??= found;
    }
  }
  close(segment.end);
  return shareOf(left, stretches, offset, segment.countedFrom);
}

function atMost(
  { offset, bytes }: { readonly offset: number; readonly bytes: number },
  from: number,
  until: number,
): Stretch {
  return { offset, until, frames: Math.max(0, until - from), bytes: Math.max(0, bytes - RECORD_HEADER_BYTES) };
}

/** Of what is `left`, what the stretch at `offset` has from `countedFrom` on. */
function shareOf(left: Loss, stretches: readonly Stretch[], offset: number, countedFrom: number): Loss {
  for (const [index, stretch] of stretches.entries()) {
    const isLast = index === stretches.length - 1;
    const frames = isLast ? left.frames : Math.min(left.frames, stretch.frames);
    const bytes = isLast ? left.bytes : frames === 0 ? 0 : Math.min(left.bytes, stretch.bytes);
    if (stretch.offset === offset) {
      const share = { frames: Math.max(0, frames), bytes: Math.max(0, bytes) };
      const isCut = stretch.until - stretch.frames < countedFrom;
      return isCut ? lastOf(share, stretch.until - countedFrom) : share;
    }
    left = { frames: left.frames - frames, bytes: left.bytes - bytes };
  }
  return { frames: 0, bytes: 0 };
}

/** Its last `most` frames, if it has more, and about so many bytes. */
function lastOf({ frames, bytes }: Loss, most: number): Loss {
  const kept = Math.max(0, Math.min(frames, most));
  return { frames: kept, bytes: frames === 0 ? 0 : Math.round(bytes * kept / frames) };
}
