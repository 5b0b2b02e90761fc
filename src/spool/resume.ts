/** Where a new connection begins: `rewind` bytes before the first unconfirmed frame, as far as there is no gap. */
import type { Spool } from "./spool.ts";

/** The sequence to begin at; at most `spool.confirmed`. */
export async function resumePoint(spool: Spool): Promise<number> {
  const { journal, rewindBytes } = spool.options;
  const { window, confirmed } = spool;
  if (rewindBytes === 0) return confirmed;
  if (confirmed < window.first) return await journal.locateBack(confirmed, rewindBytes);
  const here = window.exactOffsetOf(confirmed) - window.offsetOf(window.first);
  if (here >= rewindBytes) return frameAtOffset(spool, window.exactOffsetOf(confirmed) - rewindBytes);
  return await journal.locateBack(window.first, rewindBytes - here);
}

/** The frame in the window that holds the byte at `offset` of the route's stream, or begins there. */
function frameAtOffset({ window, options }: Spool, offset: number): number {
  let index = window.length - 1;
  while (index > 0 && window.at(index)!.offset > offset) index--;
  const run = window.at(index)!;
  const within = Math.max(0, offset - run.offset);
  return run.first + options.framer.scan(run.buffer.bytes, run.start, run.start, run.start + within).frames;
}
