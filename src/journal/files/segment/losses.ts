/**
 * Finds the frames of a segment that no record header accounts for: where they are
 * missing in the sequence, and how many of them were counted as pending.
 */
import type { File } from "../../../runtime/files.ts";
import { RECORD_HEADER_BYTES } from "../format/segment.ts";
import { type Layout, layOutRecords, type StrayBytes } from "./layout.ts";
import type { Segment } from "./segment.ts";

/** Sequences [from, until) that no record has and that no record declares as delivered from memory. */
export interface Gap {
  readonly from: number;
  readonly until: number;
  /** How many frames of it were counted as pending, and their bytes; undefined if they were not counted. */
  readonly counted: { readonly frames: number; readonly bytes: number } | undefined;
  /** The bytes in the place of its frames; undefined if there are none. */
  readonly strayBytes: StrayBytes | undefined;
}

/** What the gaps of a segment depend on, as it was when its layout was made. */
export type GappedSegment = Pick<
  Segment,
  "base" | "end" | "counted" | "countedSince" | "frames" | "frameBytes"
>;

/** The gaps of a segment below `endBeforeLater`, ascending. Reads all of it. */
export async function gapsIn(file: File, segment: Segment, endBeforeLater: number): Promise<Gap[]> {
  const { base, marks, start, limit } = segment;
  const snapshot = snapshotOf(segment);
  return gapsOf(await layOutRecords(file, { base, marks: marks!, from: start, limit }), snapshot, endBeforeLater);
}

/** A copy of these fields, because a segment that is being written grows while it is read. */
export function snapshotOf(segment: Segment): GappedSegment {
  const { base, end, counted, countedSince, frames, frameBytes } = segment;
  return { base, end, counted, countedSince, frames, frameBytes };
}

/**
 * The gaps of a layout below `endBeforeLater`. Frames that were counted for the
 * segment and that no header accounts for were in the gaps: they are distributed
 * over them in ascending order.
 */
export function gapsOf(layout: Layout, segment: GappedSegment, endBeforeLater: number): Gap[] {
  const records = recordsOf(layout, endBeforeLater);
  const left = { frames: segment.frames, bytes: segment.frameBytes };
  for (const { frames, bytes } of records) {
    left.frames -= frames;
    left.bytes -= bytes;
  }
  const gaps: Gap[] = [];
  let position = segment.base;
  const close = (until: number) => {
    if (until <= position) return;
    const strayBytes = layout.strayBytes.find(({ behind }) => behind === position) ?? tailBehind(layout, position);
    const counted = segment.counted === "all" ? takeFrom(left, until - position, strayBytes) : undefined;
    gaps.push({ from: position, until, counted: cut(counted, position, until, segment.countedSince), strayBytes });
  };
  for (const { previousEnd, first, until } of records) {
    close(Math.min(previousEnd, first, endBeforeLater));
    position = Math.max(position, until);
  }
  close(Math.min(segment.end, endBeforeLater));
  return gaps;
}

interface Counted {
  frames: number;
  bytes: number;
}

/** Runs and lost records together, in the order of the sequences. */
function recordsOf({ runs, lostRecords }: Layout, endBeforeLater: number) {
  const lost = lostRecords.map(({ header: { first, frames, previousEnd, length } }) => (
    { first, until: first + frames, previousEnd, frames, bytes: length }
  ));
  return [...runs, ...lost].filter(({ first }) => first < endBeforeLater).sort((a, b) => a.first - b.first);
}

function tailBehind({ tail }: Layout, position: number): StrayBytes | undefined {
  return tail?.behind === position ? tail : undefined;
}

/** Takes from `left` what a gap of `sequences` sequences may have had. The last frames get all remaining bytes. */
function takeFrom(left: Counted, sequences: number, strayBytes: StrayBytes | undefined): Counted {
  const frames = Math.max(0, Math.min(left.frames, sequences));
  const about = strayBytes === undefined
    ? Math.round(left.bytes * frames / Math.max(1, left.frames))
    : Math.max(0, strayBytes.bytes - RECORD_HEADER_BYTES);
  const bytes = frames === 0 ? 0 : frames === left.frames ? Math.max(0, left.bytes) : Math.min(left.bytes, about);
  left.frames -= frames;
  left.bytes -= bytes;
  return { frames, bytes };
}

/** The part of what was counted in [from, until) that is at or after `countedSince`; its bytes are estimated. */
function cut(counted: Counted | undefined, from: number, until: number, countedSince: number): Counted | undefined {
  if (counted === undefined || from >= countedSince) return counted;
  const frames = Math.max(0, Math.min(counted.frames, until - countedSince));
  return { frames, bytes: counted.frames === 0 ? 0 : Math.round(counted.bytes * frames / counted.frames) };
}
