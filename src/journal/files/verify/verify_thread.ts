/**
 * Reading segments in a thread of its own: reading and checking keep a core
 * busy at any disk's speed, so that two threads are twice as fast as one.
 */
import { systemClock } from "../../../base/clock.ts";
import { blockingFiles } from "../../../runtime/blocking_files.ts";
import type { Job, Thread } from "../../../runtime/thread.ts";
import { type ReadableSegment, readSegment, type SegmentReading } from "./verify_segment.ts";
import type { SegmentReader } from "./verify_segments.ts";

/** Progress is in bytes. */
export type ReadingThread = Thread<ReadableSegment, number, SegmentReading>;

/** Who watches sees no more of it, and each word costs both threads time. */
const PROGRESS_MS = 50;

/** What such a thread does. */
export const readingJob: Job<ReadableSegment, number, SegmentReading> = async (segment, onProgress) => {
  let bytes = 0;
  let saidMs = systemClock.monotonicMs();
  const say = () => {
    onProgress(bytes);
    bytes = 0;
  };
  const reading = await readSegment(blockingFiles, segment, (more) => {
    bytes += more;
    const nowMs = systemClock.monotonicMs();
    if (nowMs - saidMs < PROGRESS_MS) return;
    saidMs = nowMs;
    say();
  });
  say();
  return reading;
};

/** Reads in `thread`. What that cannot do, be it that there is no such thread, `instead` does, whose errors are whole. */
export function readerIn(thread: ReadingThread, instead: SegmentReader): SegmentReader {
  return async ({ base, path, size, newest }, onProgress) => {
    const segment = { base, path, size, newest };
    let said = 0;
    try {
      return await thread.run(segment, (bytes) => {
        said += bytes;
        onProgress(bytes);
      });
    } catch {
      let again = 0;
      return await instead(segment, (bytes) => {
        again += bytes;
        if (again <= said) return;
        onProgress(again - said);
        said = again;
      });
    }
  };
}
