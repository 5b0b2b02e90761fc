/**
 * `when_full = "drop-oldest"`: makes room in the journal, where nothing is kept
 * there that is delivered: the oldest segment with frames to deliver is dropped.
 *
 * Frames of it that have been handed to the target stay in flight: if they are
 * confirmed they count as delivered, if their connection is lost they cannot be
 * sent again and count as dropped. The rest is dropped at once.
 */
import { tally } from "../base/ledger.ts";
import { frameEnds } from "../framing/frame_ends.ts";
import type { JournalReader } from "../journal/journal.ts";
import type { FlightPart } from "./flight.ts";
import type { Passing } from "./gaps.ts";
import type { Spool } from "./spool.ts";

/**
 * Returns whether there is more room now. Rejects with a SystemError if a file
 * cannot be read or removed; the next call goes on with the same segment.
 */
export async function dropOldest(spool: Spool): Promise<boolean> {
  const { journal, log } = spool.options;
  const passing = spool.passing ?? passOldest(spool);
  if (passing === undefined) return false;
  const { from, until } = passing;
  // Where the frames in flight end can only be seen while the file is there.
  await learnEnds(spool, until);
  passing.damaged = tally();
  const found = await journal.count(from, until);
  const frames = found.frames - passing.damaged.frames;
  const bytes = found.bytes - passing.damaged.bytes;
  spool.giveUp(frames, bytes);
  log.warn("no room in the journal, its oldest segment is dropped", { from, until, frames, bytes });
  await journal.dropBelow(until);
  return true;
}

function passOldest(spool: Spool): Passing | undefined {
  const until = spool.options.journal.oldestDroppable();
  return until === undefined ? undefined : spool.fence(until);
}

/**
 * Notes the end of each frame in flight below `until`. Those in memory too: they
 * may leave it before they are confirmed.
 */
async function learnEnds({ flight, options }: Spool, until: number): Promise<void> {
  const parts = [...flight.parts()].filter(({ first, ends }) => first < until && ends === undefined);
  if (parts.length === 0) return;
  const reader = options.journal.reader(options.pool);
  try {
    for (const part of parts) part.ends ??= await readEnds(reader, part);
  } finally {
    reader.close();
  }
}

/** Undefined if they cannot be read, or the part was confirmed meanwhile. */
async function readEnds(reader: JournalReader, { first, frames }: FlightPart): Promise<Uint32Array | undefined> {
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
