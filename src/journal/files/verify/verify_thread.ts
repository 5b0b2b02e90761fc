/**
 * Reads segments in another thread: reading and checking keep a core busy at the
 * speed of any disk, so two threads are twice as fast as one.
 */
import { systemClock } from "../../../base/clock.ts";
import { blockingFiles } from "../../../runtime/blocking_files.ts";
import type { Job, Thread } from "../../../runtime/thread.ts";
import { type ReadableSegment, readSegment, type SegmentReading } from "./verify_segment.ts";
import type { SegmentReader } from "./verify_segments.ts";

/** A thread that reads segments and reports progress in bytes. */
export type ReadingThread = Thread<ReadableSegment, number, SegmentReading>;

/** How often progress is reported: more is not visible on a terminal, and each message costs both threads time. */
const PROGRESS_MS = 50;

/** What the thread runs. */
export const readingJob: Job<ReadableSegment, number, SegmentReading> = async (segment, onProgress) => {
  let bytes = 0;
  let reportedMs = systemClock.monotonicMs();
  const report = () => {
    onProgress(bytes);
    bytes = 0;
  };
  const reading = await readSegment(blockingFiles, segment, (more) => {
    bytes += more;
    const nowMs = systemClock.monotonicMs();
    if (nowMs - reportedMs < PROGRESS_MS) return;
    reportedMs = nowMs;
    report();
  });
  report();
  return reading;
};

/** Reads in `thread`. If that fails, even to start, `instead` reads, whose errors have their full cause. */
export function readerIn(thread: ReadingThread, instead: SegmentReader): SegmentReader {
  return async ({ base, path, size, newest }, onProgress) => {
    const segment = { base, path, size, newest };
    let reported = 0;
    try {
      return await thread.run(segment, (bytes) => {
        reported += bytes;
        onProgress(bytes);
      });
    } catch {
      let again = 0;
      return await instead(segment, (bytes) => {
        again += bytes;
        if (again <= reported) return;
        onProgress(again - reported);
        reported = again;
      });
    }
  };
}
