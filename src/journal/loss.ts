/** What is lost where a record is damaged: as many frames and bytes as were counted for it, so that the books balance. */
import type { File } from "../runtime/files.ts";
import { RECORD_HEADER_BYTES, type RecordHeader } from "./format.ts";
import { bytesOfFrames } from "./locate_back.ts";
import type { Segment } from "./segment.ts";
import type { Damage } from "./types.ts";
import { type Found, walkRecords } from "./walk.ts";

interface Loss {
  readonly frames: number;
  readonly bytes: number;
}

/** A stretch without a readable header, and what it holds at most. */
interface Stretch {
  readonly offset: number;
  readonly frames: number;
  readonly bytes: number;
}

/**
 * The loss in a damaged stretch of a segment, from the reader's position on.
 * `header` is there if only the payload behind it is damaged.
 */
export async function lossIn(
  file: File,
  segment: Segment,
  { offset, bytes, from, until }: Pick<Damage, "offset" | "bytes" | "from" | "until">,
  header: RecordHeader | undefined,
): Promise<Pick<Damage, "frames" | "payloadBytes" | "counted">> {
  if (header !== undefined) {
    const before = Math.max(0, from - header.first);
    const skipped = before === 0 ? 0 : await bytesOfFrames(file, segment, offset, header.length, before);
    return { frames: header.frames - before, payloadBytes: header.length - skipped, counted: true };
  }
  if (segment.counted === "all" && segment.marks !== undefined) {
    const lost = await lossAt(file, segment, offset);
    if (lost.frames > 0) return { frames: lost.frames, payloadBytes: lost.bytes, counted: true };
  }
  return { frames: until - from, payloadBytes: Math.max(0, bytes - RECORD_HEADER_BYTES), counted: false };
}

/**
 * The loss in the stretch at `offset` of a segment whose frames were all
 * counted. What the readable headers do not account for is lost; where there
 * are several such stretches each gets what it may have held, in order, until
 * all of it is told. Reads the headers of the whole segment.
 */
async function lossAt(file: File, segment: Segment, offset: number): Promise<Loss> {
  let left: Loss = { frames: segment.frames, bytes: segment.frameBytes };
  const stretches: Stretch[] = [];
  let damage: Extract<Found, { kind: "damage" | "tail" }> | undefined;
  let end = segment.base;
  const close = (until: number) => {
    if (damage !== undefined) stretches.push(atMost(damage, until - end));
    damage = undefined;
  };
  for await (const found of walkRecords(file, { marks: segment.marks!, limit: segment.limit, verify: false })) {
    if (found.kind === "record") {
      const { first, frames, length, previousEnd } = found.header;
      close(Math.min(previousEnd, first));
      left = { frames: left.frames - frames, bytes: left.bytes - length };
      end = first + frames;
    } else if (found.kind !== "footer") {
      damage ??= found;
    }
  }
  close(segment.end);
  return shareOf(left, stretches, offset);
}

function atMost({ offset, bytes }: { readonly offset: number; readonly bytes: number }, frames: number): Stretch {
  return { offset, frames: Math.max(0, frames), bytes: Math.max(0, bytes - RECORD_HEADER_BYTES) };
}

function shareOf(left: Loss, stretches: readonly Stretch[], offset: number): Loss {
  for (const stretch of stretches) {
    const frames = Math.min(Math.max(0, left.frames), stretch.frames);
    const bytes = Math.min(Math.max(0, left.bytes), stretch.bytes);
    if (stretch.offset === offset) return { frames, bytes };
    left = { frames: left.frames - frames, bytes: left.bytes - bytes };
  }
  return { frames: 0, bytes: 0 };
}
