/** Reads whole segments and reports damaged bytes and frames that are missing without being declared. */
import type { ArchiveSegment } from "../archive/find_segments.ts";
import type { DamagedRange, MissingFrames, ReadableSegment, SegmentReading } from "./verify_segment.ts";

/** The result for one segment. */
export interface SegmentVerdict {
  /** Undefined if the daemon or a compaction has removed the file. */
  readonly segment: ArchiveSegment | undefined;
  /** Whole frames, and their bytes. */
  readonly frames: number;
  readonly bytes: number;
  readonly damages: readonly DamagedRange[];
  readonly missing: readonly MissingFrames[];
}

/** Reads one segment, in this thread or another one. `onProgress`: see `readSegment`. */
export type SegmentReader = (
  segment: ReadableSegment,
  onProgress: (bytes: number) => void,
) => Promise<SegmentReading>;

/** How many segments a reader is given at a time, so that it goes on while the caller prints the result of one. */
const SEGMENTS_AHEAD = 2;

export interface VerifyOptions {
  /** Called with the bytes of segments that were checked since the last call. */
  readonly onProgress: (bytes: number) => void;
  /** The first undelivered sequence of each journal directory whose cursor is certain. */
  readonly cursors: ReadonlyMap<string, number>;
}

/** One verdict for each segment, in their order; the readers take them in turn. */
export async function* verifySegments(
  readers: readonly SegmentReader[],
  segments: readonly ArchiveSegment[],
  { onProgress, cursors }: VerifyOptions,
): AsyncGenerator<SegmentVerdict> {
  const begun: Promise<SegmentReading>[] = [];
  let next = 0;
  const begin = () => {
    const reading = readers[next % readers.length](segments[next], onProgress);
    // The loop below rejects with the first failure; later ones are ignored.
    reading.catch(() => {});
    begun.push(reading);
    next++;
  };
  while (next < Math.min(segments.length, readers.length * SEGMENTS_AHEAD)) begin();
  const positions = new Map(cursors);
  for (const segment of segments) {
    const reading = await begun.shift()!;
    if (next < segments.length) begin();
    yield verdictOf(segment, reading, positions);
  }
}

/** `positions`: sequence up to which each directory's journal was read; updated here. */
function verdictOf(segment: ArchiveSegment, reading: SegmentReading, positions: Map<string, number>): SegmentVerdict {
  const { there, frames, bytes, damages, begin, end } = reading;
  const { path, directory } = segment;
  const position = positions.get(directory);
  const missing = [...reading.missing];
  if (position !== undefined && begin !== undefined && position < begin.sequence) {
    missing.unshift({ path, offset: begin.offset, from: position, until: begin.sequence });
  }
  // A segment that was removed meanwhile was delivered: nothing is missing before the next one.
  if (!there) positions.delete(directory);
  else if (end !== undefined) positions.set(directory, Math.max(position ?? 0, end));
  return { segment: there ? segment : undefined, frames, bytes, damages, missing };
}
