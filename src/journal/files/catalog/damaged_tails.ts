/**
 * What was cut off the newest segments at opening, because it is damaged. It is
 * reported when the earlier segments and the cursor are known too: after a sync
 * that failed, frames were in both, and an earlier one that still has them has
 * lost nothing.
 */
import { basename } from "node:path";
import { add, type Tally, tally } from "../../../base/ledger.ts";
import type { DamageLog } from "../catalog/damage_log.ts";
import type { RecordHeader } from "../format/segment.ts";
import type { Segment } from "../segment/segment.ts";

export interface DamagedTail {
  /** Path of the segment. */
  readonly path: string;
  readonly offset: number;
  readonly bytes: number;
  /** Sequence after the last frame that its segment still has. */
  readonly end: number;
  /** What is left of its records, ascending: others may have been in it that nobody can count. */
  readonly lost: readonly RecordHeader[];
}

export class DamagedTails {
  readonly #tails: DamagedTail[] = [];

  add(tail: DamagedTail): void {
    if (tail.bytes > 0) this.#tails.push(tail);
  }

  /**
   * `segments`: those that are left, with the frames that they have. Returns what
   * of the tails was pending: frames at or after `cursor` whose headers can be
   * read, which whoever looked at the journal before has counted.
   */
  report(damages: DamageLog, segments: readonly Segment[], cursor: number): Tally {
    const pending = tally();
    for (const { path, offset, bytes, end, lost } of this.#tails) {
      const others = segments.filter((segment) => segment.path !== path).map((segment) => segment.end);
      const had = Math.max(cursor, ...others);
      const stretches = stretchesOf(lost);
      if (stretches.length === 0) stretches.push({ from: end, until: end, headers: [] });
      for (const [index, { from, until, headers }] of stretches.entries()) {
        const lostFrom = Math.max(from, Math.min(had, until));
        const gone = tally();
        for (const header of headers) addFrom(gone, header, lostFrom);
        add(pending, gone.frames, gone.bytes);
        damages.reportGone({
          segment: basename(path),
          offset,
          bytes: index === 0 ? bytes : 0,
          from: lostFrom,
          until,
          frames: gone.frames,
          payloadBytes: gone.bytes,
          counted: true,
        });
      }
    }
    return pending;
  }
}

/** Records that follow each other, joined: what is between them in the sequence is not lost. */
function stretchesOf(lost: readonly RecordHeader[]) {
  const stretches: { from: number; until: number; headers: RecordHeader[] }[] = [];
  for (const header of lost) {
    const { first, frames } = header;
    const last = stretches[stretches.length - 1];
    if (last?.until === first) {
      last.until += frames;
      last.headers.push(header);
    } else {
      stretches.push({ from: first, until: first + frames, headers: [header] });
    }
  }
  return stretches;
}

/** Adds what a record has from `from` on; of one that is cut in two about so many bytes. */
function addFrom(sum: Tally, { first, frames, length }: RecordHeader, from: number): void {
  const kept = Math.max(0, Math.min(frames, first + frames - from));
  add(sum, kept, Math.round(length * kept / frames));
}
