/** Questions about frames that are pending, wherever they are: in the journal, in flight or in memory. */
import type { Tally } from "../base/ledger.ts";
import type { Journal } from "../journal/journal.ts";
import type { InFlight } from "./in_flight.ts";
import type { Positions } from "./positions.ts";
import type { Window } from "./window.ts";

export interface BacklogParts {
  readonly positions: Positions;
  readonly window: Window;
  readonly journal: Pick<Journal, "arrivalOf" | "count" | "firstSince">;
  /** What the connection to the consumer has been handed and has not confirmed. */
  readonly inFlight: () => InFlight;
}

export class Backlog {
  constructor(private readonly parts: BacklogParts) {}

  /**
   * How many frames of [from, until) there are, and their bytes: the older ones
   * in the journal, the newer ones in memory, where none is missing. Rejects with
   * a `SystemError` if the journal has to be read for it and cannot be.
   */
  async count(from: number, until: number): Promise<Tally> {
    const { window, journal } = this.parts;
    const middle = Math.min(until, Math.max(from, window.first));
    const inMemory = {
      frames: until - middle,
      bytes: until > middle ? window.exactOffsetOf(until) - window.exactOffsetOf(middle) : 0,
    };
    if (middle === from) return inMemory;
    const inJournal = await journal.count(from, middle);
    return { frames: inMemory.frames + inJournal.frames, bytes: inMemory.bytes + inJournal.bytes };
  }

  /**
   * When the first unconfirmed frame arrived, µs since 1970: as memory or what is
   * in flight has it, else as the journal says. Undefined if there is none.
   * Rejects with a `SystemError` if the journal cannot be read.
   */
  async oldestArrival(): Promise<number | undefined> {
    const { window, journal, inFlight } = this.parts;
    const { confirmed, end } = this.parts.positions;
    if (confirmed >= end) return undefined;
    if (confirmed >= window.first) return window.at(window.indexOf(confirmed))!.arrivedUs;
    for (const { first, frames, arrivedUs } of inFlight().parts()) {
      if (confirmed < first) break;
      if (confirmed < first + frames) return arrivedUs;
    }
    return await journal.arrivalOf(confirmed) ?? window.front?.arrivedUs;
  }

  /**
   * The first unconfirmed frame that arrived at `us` (µs since 1970) or later, as
   * memory and the journal's records have it; if there is none, the sequence of
   * the next frame to be received. Rejects with a `SystemError` if the journal
   * cannot be read.
   */
  async firstSince(us: number): Promise<number> {
    const { window, journal } = this.parts;
    const { confirmed } = this.parts.positions;
    if (confirmed < window.first) {
      const found = await journal.firstSince(confirmed, us);
      if (found !== undefined && found < window.first) return found;
    }
    for (let index = 0;; index++) {
      const run = window.at(index);
      if (run === undefined) return window.end;
      if (run.arrivedUs >= us && run.first + run.frames > confirmed) return Math.max(run.first, confirmed);
    }
  }
}
