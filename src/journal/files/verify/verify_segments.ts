/** Reads whole segments and says what is wrong in them: damaged bytes, and frames that are missing without a word. */
import type { ArchiveSegment } from "../archive/find_segments.ts";
import type { DamagedRange, MissingFrames, ReadableSegment, SegmentReading } from "./verify_segment.ts";

/** What reading one segment came to. */
export interface SegmentVerdict {
  /** Undefined if the file was gone: the daemon or a compaction has removed it. */
  readonly segment: ArchiveSegment | undefined;
  /** Whole frames, and their bytes. */
  readonly frames: number;
  readonly bytes: number;
  readonly damages: readonly DamagedRange[];
  readonly missing: readonly MissingFrames[];
}

/** Reads one segment; where that happens is its own business. `onProgress`: see `readSegment`. */
export type SegmentReader = (
  segment: ReadableSegment,
  onProgress: (bytes: number) => void,
) => Promise<SegmentReading>;

/** So many segments are given to a reader at a time: it goes on with the next while a verdict on the first is spoken. */
const SEGMENTS_AHEAD = 2;

export interface VerifyOptions {
  /** Called with the bytes of segments that were checked since the last call. */
  readonly onProgress: (bytes: number) => void;
  /** The first sequence not delivered of a journal directory, where it is certain. */
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
    // Whoever comes to it hears of a failure; after another one nobody does.
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

/** `positions`: how far the journal of each directory has been seen, as it is before and after. */
function verdictOf(segment: ArchiveSegment, reading: SegmentReading, positions: Map<string, number>): SegmentVerdict {
  const { there, frames, bytes, damages, begin, end } = reading;
  const { path, directory } = segment;
  const position = positions.get(directory);
  const missing = [...reading.missing];
  if (position !== undefined && begin !== undefined && position < begin.sequence) {
    missing.unshift({ path, offset: begin.offset, from: position, until: begin.sequence });
  }
  // What was removed under our hands was delivered: what comes next is a beginning.
  if (!there) positions.delete(directory);
  else if (end !== undefined) positions.set(directory, Math.max(position ?? 0, end));
  return { segment: there ? segment : undefined, frames, bytes, damages, missing };
}
