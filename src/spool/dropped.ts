/**
 * Frames that were pending and will not be sent: why, from where to where, and
 * how many.
 *
 * A dropped range is a gap: it is passed over at once, so that none of it is
 * handed to a connection any more, and `confirmed` passes it as soon as
 * everything before it is confirmed. Frames of it that are in flight already can
 * still be confirmed, and then count as delivered; if their connection ends
 * first they are dropped with the rest.
 *
 * What is dropped is counted in the ledger at once. The one exception is the
 * drop in progress of `when_full = "drop-oldest"`, which takes a while to count:
 * until then its frames are pending, and the cursor stays before them.
 */
import { add, type DropReason, type Ledger, type Tally, tally } from "../base/ledger.ts";
import type { Condition } from "../base/condition.ts";
import type { Log } from "../base/log.ts";
import type { Damage } from "../journal/journal.ts";
import type { InFlight } from "./in_flight.ts";
import type { Positions } from "./positions.ts";
import type { Rewind } from "./rewind.ts";

export interface SequenceRange {
  readonly from: number;
  readonly until: number;
}

interface Gap extends SequenceRange {
  /** Undefined: the frames were not found in the journal, which may have counted them as damaged. */
  readonly reason: DropReason | undefined;
}

interface DropInProgress extends SequenceRange {
  /** What of it a reader has found damaged while it is counted, and has dropped for that reason. */
  damaged: Tally;
}

export interface DroppedOptions {
  readonly positions: Positions;
  readonly rewind: Rewind;
  readonly ledger: Ledger;
  readonly log: Log;
  /** What the connection to the consumer has been handed and has not confirmed. */
  readonly inFlight: () => InFlight;
  /** Notified when there may be something to send again. */
  readonly sendable: Condition;
  /** Called when `confirmed` may have moved. */
  readonly changed: () => void;
}

export class Dropped {
  /** Ascending, as they were dropped; none of them is passed by `confirmed`. */
  #gaps: Gap[] = [];
  #inProgress: DropInProgress | undefined;
  #pauses = 0;
  #resumeFrom = 0;

  constructor(private readonly options: DroppedOptions) {}

  /** While this is true nothing is handed to the connection, so that what is counted is what will be dropped. */
  get isPaused(): boolean {
    return this.#pauses > 0;
  }

  pause(): void {
    this.#pauses++;
  }

  /** Ends one `pause`. */
  resume(): void {
    if (this.#pauses === 0) throw new Error("sending is resumed, and was not paused");
    this.#pauses--;
    this.options.sendable.notify();
  }

  /** Nothing before this sequence is sent any more; connections begin here or later. */
  get resumeFrom(): number {
    return this.#resumeFrom;
  }

  /** The range of `begin` that is not counted yet. */
  get inProgress(): SequenceRange | undefined {
    return this.#inProgress;
  }

  /** Frames before this one count as pending in the ledger no more. */
  get accountedUntil(): number {
    const { confirmed } = this.options.positions;
    return Math.min(confirmed, this.#inProgress?.from ?? confirmed);
  }

  /**
   * The first frame that is neither confirmed nor in a gap, now that everything
   * before `confirmed` is confirmed; forgets the gaps before it.
   */
  passGaps(confirmed: number): number {
    let passed = confirmed;
    while (this.#gaps.length > 0 && this.#gaps[0].from <= passed) {
      passed = Math.max(passed, this.#gaps.shift()!.until);
    }
    return passed;
  }

  /**
   * Drops what was not handed out of the frames before `until`, at most the
   * received end; `count` is what of it was pending.
   */
  drop(until: number, count: Readonly<Tally>, reason: DropReason): void {
    const from = this.#unsentBefore(until);
    // Frames that are all in flight can still be confirmed, and are then kept for `rewind`.
    if (from < until) this.#giveUp(until);
    this.#passOver(from, until, reason);
    this.options.ledger.drop(reason, count.frames, count.bytes);
    this.options.changed();
  }

  /** Begins to drop what was not handed out of the frames before `until`, for want of room; `complete` is to follow. */
  begin(until: number): SequenceRange {
    const from = this.#unsentBefore(until);
    this.#inProgress = { from, until, damaged: tally() };
    this.#giveUp(until);
    this.#passOver(from, until, "full");
    return this.#inProgress;
  }

  /**
   * Counts the drop in progress, with `count`, and ends it. Rejects if `count`
   * does: then the drop stays in progress, and can be completed later.
   */
  async complete(count: (range: SequenceRange) => Promise<Tally>): Promise<void> {
    const drop = this.#inProgress;
    if (drop === undefined) throw new Error("a drop is completed that was not begun");
    drop.damaged = tally();
    const found = await count(drop);
    const frames = found.frames - drop.damaged.frames;
    const bytes = found.bytes - drop.damaged.bytes;
    this.#inProgress = undefined;
    const { ledger, log, changed, sendable } = this.options;
    ledger.drop("full", frames, bytes);
    const { from, until } = drop;
    log.say("oldest_dropped", { from, until, frames, bytes });
    changed();
    sendable.notify();
  }

  /** The first unconfirmed frame, which the consumer refuses and which has `bytes` bytes, is dropped. */
  dropRefused(bytes: number): void {
    const { positions, ledger, changed } = this.options;
    ledger.drop("refused", 1, bytes);
    positions.confirm(this.passGaps(positions.confirmed + 1));
    changed();
  }

  /**
   * The frames from the next one to send up to `until` are not in the journal. A
   * reader has counted those that are damaged.
   */
  passMissing(until: number): void {
    const { positions, rewind, changed } = this.options;
    const { next, confirmed } = positions;
    // Those before them, that this connection was sent again, may be as unread as before.
    rewind.noteGone(Math.max(next, rewind.unreadFrom()), Math.min(until, confirmed));
    this.#passOver(next, until, undefined);
    changed();
  }

  /** As {@link passMissing}, where nothing tells what has become of them: they count as damaged. */
  dropMissing(until: number): void {
    const { positions, ledger, log } = this.options;
    const { sent } = positions;
    if (until > sent) {
      log.say("frames_missing", { from: sent, until });
      ledger.drop("damaged", until - sent, 0);
    }
    this.passMissing(until);
  }

  /**
   * What is in flight will not be confirmed. Where it is before frames that were
   * dropped, it is dropped too: it could not be sent again before them.
   */
  dropInFlight(): void {
    const last = this.#lastDropped();
    // Frames that were not found in the journal are looked for again.
    this.#gaps = [];
    if (last === undefined) return;
    const { positions, ledger, log, inFlight, changed } = this.options;
    const { until, reason } = last;
    const from = positions.confirmed;
    const { frames, bytes } = inFlight().between(from, until);
    log.say("in_flight_dropped", { reason, from, until, frames, bytes });
    ledger.drop(reason, frames, bytes);
    this.#giveUp(until);
    positions.confirm(until);
    changed();
  }

  /** Frames of the journal are damaged. Those that are pending are dropped; others were delivered, or never counted. */
  noteDamage({ from, until, frames, payloadBytes, counted }: Damage): void {
    const drop = this.#inProgress;
    const isBeingCounted = drop !== undefined && drop.from <= from && from < drop.until;
    // A reader that still has the file open finds damage in what has been counted as dropped.
    if (this.#isDropped(from) && !isBeingCounted) return;
    const accounted = this.accountedUntil;
    // Where several ranges were damaged, more frames can be counted for one than it has sequences.
    const gone = from >= accounted ? frames : Math.min(frames, until - accounted);
    if (!counted || gone <= 0) return;
    const bytes = Math.round(payloadBytes * gone / frames);
    this.options.ledger.drop("damaged", gone, bytes);
    if (drop !== undefined && from < drop.until) add(drop.damaged, gone, bytes);
  }

  /** Where the frames before `until` begin that were not handed out; `until` if all of them were. */
  #unsentBefore(until: number): number {
    return Math.min(until, this.options.positions.sent);
  }

  #giveUp(until: number): void {
    this.#resumeFrom = Math.max(this.#resumeFrom, until);
    this.options.rewind.giveUp(until);
  }

  #passOver(from: number, until: number, reason: DropReason | undefined): void {
    const { positions } = this.options;
    positions.advance(until);
    this.#gaps.push({ from, until, reason });
    positions.confirm(this.passGaps(positions.confirmed));
  }

  /** The dropped gap that ends last; one that is dropped with its segment may hold ranges that were dropped before. */
  #lastDropped(): { readonly until: number; readonly reason: DropReason } | undefined {
    let last: { readonly until: number; readonly reason: DropReason } | undefined;
    for (const { until, reason } of this.#gaps) {
      if (reason !== undefined && until > (last?.until ?? -1)) last = { until, reason };
    }
    return last;
  }

  #isDropped(sequence: number): boolean {
    return this.#gaps.some(({ from, until, reason }) => reason !== undefined && from <= sequence && sequence < until);
  }
}
