/**
 * Collects the damaged tails that were cut off the newest segments at opening. They
 * are reported when the earlier segments and the cursor are known: after a failed
 * sync an earlier segment may have the same frames, which are not lost then.
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
  /** Sequence after the last frame that the segment still has. */
  readonly end: number;
  /** The readable record headers in it, ascending; other records in it cannot be counted. */
  readonly lost: readonly RecordHeader[];
}

export class DamagedTails {
  readonly #tails: DamagedTail[] = [];

  add(tail: DamagedTail): void {
    if (tail.bytes > 0) this.#tails.push(tail);
  }

  /**
   * Reports the tails. `segments`: those that are left, with the frames that they
   * have. Returns how much of the tails was pending: frames at or after `cursor`
   * with a readable header, which `status` counted before the start.
   */
  report(damages: DamageLog, segments: readonly Segment[], cursor: number): Tally {
    const pending = tally();
    for (const { path, offset, bytes, end, lost } of this.#tails) {
      const others = segments.filter((segment) => segment.path !== path).map((segment) => segment.end);
      const had = Math.max(cursor, ...others);
      const ranges = rangesOf(lost);
      if (ranges.length === 0) ranges.push({ from: end, until: end, headers: [] });
      for (const [index, { from, until, headers }] of ranges.entries()) {
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

/** The ranges of sequences that the records have: what is between two ranges is not lost. */
function rangesOf(lost: readonly RecordHeader[]) {
  const ranges: { from: number; until: number; headers: RecordHeader[] }[] = [];
  for (const header of lost) {
    const { first, frames } = header;
    const last = ranges[ranges.length - 1];
    if (last?.until === first) {
      last.until += frames;
      last.headers.push(header);
    } else {
      ranges.push({ from: first, until: first + frames, headers: [header] });
    }
  }
  return ranges;
}

/** Adds the frames of a record from `from` on; the bytes of a part of it are estimated. */
function addFrom(sum: Tally, { first, frames, length }: RecordHeader, from: number): void {
  const kept = Math.max(0, Math.min(frames, first + frames - from));
  add(sum, kept, Math.round(length * kept / frames));
}
