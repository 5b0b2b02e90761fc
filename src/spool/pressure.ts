/**
 * When memory is wanted for what comes in, and what gives way to it: first what
 * is in the journal anyway, and only where nothing can be appended what `rewind`
 * keeps.
 */
import type { Run } from "../base/run.ts";
import type { SpoolOptions } from "./options.ts";
import type { Overload } from "./overload.ts";
import type { Rewind } from "./rewind.ts";

/** Of the memory that `rewind` does not take, so much may be in use before frames go to the journal. */
const SPILL_SHARE = 0.75;

/** Frames pass the journal by again when less than this share of memory is unconfirmed. */
const DIRECT_SHARE = 0.25;

export class Pressure {
  /** With less in use memory is not wanted, whatever `rewind` keeps: that only raises the limit. */
  readonly #least: number;

  constructor(
    private readonly options: Pick<SpoolOptions, "mode" | "pool">,
    private readonly rewind: Rewind,
    private readonly overload: Overload,
  ) {
    this.#least = this.#limit(0);
  }

  /** Are frames to be appended, and to leave memory once they are? `confirmed` is the first frame that is not confirmed. */
  isHigh(confirmed: number): boolean {
    const { usedBytes } = this.options.pool;
    // Asked with each read; what is kept has to be searched for.
    return usedBytes >= this.#least && usedBytes >= this.#limit(this.rewind.keptBytes(confirmed));
  }

  /** May frames pass the journal by, with so many bytes unconfirmed? */
  isLow(confirmed: number, unconfirmedBytes: number): boolean {
    return unconfirmedBytes < this.options.pool.maxBytes * DIRECT_SHARE && !this.isHigh(confirmed);
  }

  /** Does this run, which is confirmed and not in the journal, stay in memory: to be appended, or to be sent again? */
  keeps(run: Run, confirmed: number): boolean {
    if (this.options.mode === "always") return true;
    // Where nothing can be appended, what comes in needs the memory more.
    const isShort = this.overload.failing !== undefined && !this.options.pool.hasHeadroom;
    return this.rewind.wants(run, confirmed) && !isShort;
  }

  /** What `rewind` keeps in memory is no sign of a slow target; but it must leave room for what comes in. */
  #limit(kept: number): number {
    const { maxBytes, intakeBytes, bufferBytes } = this.options.pool;
    return Math.min((maxBytes + kept) / 2, kept + (intakeBytes - kept) * SPILL_SHARE, intakeBytes - 2 * bufferBytes);
  }
}
