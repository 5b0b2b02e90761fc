/**
 * When memory is wanted for frames that come in, and what gives way to them:
 * first what is in the journal anyway, and only where nothing can be appended
 * what `rewind` keeps.
 */
import type { BufferPool } from "../base/buffer.ts";
import { type Run, runEnd } from "../base/run.ts";
import type { Overload } from "./overload.ts";
import type { Positions } from "./positions.ts";
import type { Rewind } from "./rewind.ts";

/** Of the memory that `rewind` does not take, this share may be in use before frames go to the journal. */
const SPILL_SHARE = 0.75;

/** Frames pass the journal by again when less than this share of memory is unconfirmed. */
const DIRECT_SHARE = 0.25;

export interface PressureOptions {
  readonly pool: BufferPool;
  readonly positions: Positions;
  readonly rewind: Rewind;
  readonly overload: Overload;
  /** Is every confirmed frame appended all the same: `mode = "always"`? */
  readonly appendsAll: boolean;
}

export class Pressure {
  /** With less in use memory is not wanted, whatever `rewind` keeps: that only raises the limit. */
  readonly #leastBytes: number;

  constructor(private readonly options: PressureOptions) {
    this.#leastBytes = this.#limit(0);
  }

  /** Are frames to be appended, and to leave memory once they are? */
  get isHigh(): boolean {
    const { pool, rewind } = this.options;
    const { usedBytes } = pool;
    // This is asked with each read, and the kept bytes have to be searched for.
    return usedBytes >= this.#leastBytes && usedBytes >= this.#limit(rewind.keptBytes);
  }

  /**
   * Could so many bytes come in before memory is high, or half of what it ever takes
   * beside what `rewind` keeps, if that is less?
   */
  hasRoom(bytes: number): boolean {
    const { pool, rewind } = this.options;
    const { keptBytes } = rewind;
    const limit = this.#limit(keptBytes);
    return pool.usedBytes <= limit - Math.min(bytes, (limit - keptBytes) / 2);
  }

  /** May frames pass the journal by, with `unconfirmedBytes` in memory? */
  isLow(unconfirmedBytes: number): boolean {
    return unconfirmedBytes < this.options.pool.maxBytes * DIRECT_SHARE && !this.isHigh;
  }

  /** May this run, the oldest one in memory, leave it? */
  mayDrop(run: Run): boolean {
    const { confirmed, appended } = this.options.positions;
    const end = runEnd(run);
    if (end <= appended) return end <= confirmed || this.isHigh;
    return end <= confirmed && !this.#keeps(run);
  }

  /** Does this run, which is confirmed and not in the journal, stay in memory: to be appended, or to be sent again? */
  #keeps(run: Run): boolean {
    const { pool, rewind, overload, appendsAll } = this.options;
    if (appendsAll) return true;
    // Where nothing can be appended, frames that come in need the memory more.
    const isShort = overload.failing !== undefined && !pool.hasHeadroom;
    return rewind.wants(run) && !isShort;
  }

  /** What `rewind` keeps in memory is no sign of a slow target; but it must leave room for what comes in. */
  #limit(keptBytes: number): number {
    const { maxBytes, intakeBytes, bufferBytes } = this.options.pool;
    return Math.min(
      (maxBytes + keptBytes) / 2,
      keptBytes + (intakeBytes - keptBytes) * SPILL_SHARE,
      intakeBytes - 2 * bufferBytes,
    );
  }
}
