/**
 * What was cut off the newest segments at opening, because it is damaged. It is
 * reported when the earlier segments are known too: after a sync that failed,
 * frames were in both, and an earlier one that still has them has lost nothing.
 */
import { basename } from "node:path";
import type { DamageLog } from "./damage_log.ts";
import type { Segment } from "./segment.ts";

export interface DamagedTail {
  /** Path of the segment. */
  readonly path: string;
  readonly offset: number;
  readonly bytes: number;
  /** Sequences that were in it: [from, until), as far as can be told. */
  readonly from: number;
  readonly until: number;
}

export class DamagedTails {
  readonly #tails: DamagedTail[] = [];

  add(tail: DamagedTail): void {
    if (tail.bytes > 0) this.#tails.push(tail);
  }

  /** `segments`: those that are left, with the frames that they have. */
  report(damages: DamageLog, segments: readonly Segment[]): void {
    const end = segments.reduce((end, segment) => Math.max(end, segment.end), 0);
    for (const { path, offset, bytes, from, until } of this.#tails) {
      const lostFrom = Math.max(from, Math.min(end, until));
      damages.reportGone({
        segment: basename(path),
        offset,
        bytes,
        from: lostFrom,
        until,
        frames: until - lostFrom,
        payloadBytes: bytes,
        counted: false,
      });
    }
  }
}
