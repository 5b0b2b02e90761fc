/**
 * `when_full = "drop-oldest"`: makes room in the journal, where nothing is kept
 * there that is delivered: the oldest segment with frames to deliver is dropped.
 *
 * Frames of it that have been handed to the target stay in flight: if they are
 * confirmed they count as delivered, if their connection is lost they cannot be
 * sent again and count as dropped. The rest is dropped at once.
 */
import type { BufferPool } from "../base/buffer.ts";
import type { Log } from "../base/log.ts";
import { frameEnds } from "../framing/frame_ends.ts";
import type { Journal, JournalReader } from "../journal/journal.ts";
import type { Dropped, SequenceRange } from "./dropped.ts";
import type { InFlight, InFlightPart } from "./in_flight.ts";

export interface DropOldestParts {
  readonly journal: Journal;
  readonly pool: BufferPool;
  readonly log: Log;
  readonly dropped: Dropped;
  readonly inFlight: () => InFlight;
}

/**
 * Returns whether there is more room now. Rejects with a `SystemError` if a file
 * cannot be read or removed; the next call goes on with the same segment.
 */
export async function dropOldest(parts: DropOldestParts): Promise<boolean> {
  const { journal, dropped, log } = parts;
  const range = dropped.inProgress ?? beginDrop(parts);
  if (range === undefined) return false;
  const { from, until } = range;
  // Where the frames in flight end can only be seen while the file is there.
  await learnEnds(parts, until);
  const { frames, bytes } = await dropped.complete(() => journal.count(from, until));
  log.warn("no room in the journal, its oldest segment is dropped", { from, until, frames, bytes });
  await journal.dropBelow(until);
  return true;
}

function beginDrop({ journal, dropped }: DropOldestParts): SequenceRange | undefined {
  const until = journal.oldestDroppable();
  return until === undefined ? undefined : dropped.begin(until);
}

/**
 * Notes the end of each frame in flight below `until`. Those in memory too: they
 * may leave it before they are confirmed.
 */
async function learnEnds({ journal, pool, inFlight }: DropOldestParts, until: number): Promise<void> {
  const parts = [...inFlight().parts()].filter(({ first, ends }) => first < until && ends === undefined);
  if (parts.length === 0) return;
  const reader = journal.reader(pool);
  try {
    for (const part of parts) part.ends ??= await readEnds(reader, part);
  } finally {
    reader.close();
  }
}

/** Undefined if they cannot be read, or the part was confirmed meanwhile. */
async function readEnds(reader: JournalReader, { first, frames }: InFlightPart): Promise<Uint32Array | undefined> {
  const ends = new Uint32Array(frames);
  reader.seek(first);
  for (let known = 0, bytes = 0; known < frames;) {
    const batch = await reader.next(true);
    if (batch === undefined) return undefined;
    try {
      if (batch.first !== first + known) return undefined;
      const count = Math.min(batch.parts[0].frames, frames - known);
      const more = frameEnds(batch.framer, batch.buffer.bytes, batch.start, batch.end, count);
      for (let i = 0; i < count; i++) ends[known + i] = bytes + more[i];
      known += count;
      bytes = ends[known - 1];
      if (known < frames) reader.seek(first + known);
    } finally {
      batch.buffer.release();
    }
  }
  return ends;
}
