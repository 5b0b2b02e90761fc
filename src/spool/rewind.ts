/**
 * `rewind`: how much of what is confirmed is kept, to be sent again on a new
 * connection. A number: that many bytes before the first unconfirmed frame.
 * `auto`: from the first frame on that the consumer's program may not have read.
 *
 * What is kept stays in memory or in the journal, and nowhere else. Where it has
 * gaps, a number means the gapless frames before the first unconfirmed one; `auto`
 * sends all that is there, and what is missing is counted as perhaps lost.
 */
import type { BufferPool } from "../base/buffer.ts";
import { type Run, runBytes, runEnd } from "../base/run.ts";
import type { Ledger } from "../base/ledger.ts";
import type { Log } from "../base/log.ts";
import type { Framer } from "../framing/framing.ts";
import type { Journal } from "../journal/journal.ts";
import type { Positions } from "./positions.ts";
import type { Window } from "./window.ts";

/** A number of bytes, or as many as the consumer may not have read. */
export type RewindPolicy = number | "auto";

export interface RewindOptions {
  readonly policy: RewindPolicy;
  readonly positions: Positions;
  readonly journal: Pick<Journal, "firstSince" | "locateBack" | "unreadFrom">;
  readonly window: Window;
  readonly framer: Framer;
  readonly pool: BufferPool;
  readonly ledger: Ledger;
  readonly log: Log;
}

/** `auto` keeps half of memory at most, and this share of what can be had for frames that come in. */
const KEPT_SHARE = 0.6;

export class Rewind {
  /** Everything before this has been read by the consumer's program, or cannot be sent again. */
  #unreadFrom: number;
  /** The present connection has acknowledged all frames below this, from where it began; undefined without one. */
  #acknowledged: number | undefined;
  /** How many frames that would have to be sent again are gone, and counted. */
  #toldGone = 0;
  /** How many such frames the present connection has passed over. */
  #passedGone = 0;
  /** In memory no more than this is kept, in bytes. */
  readonly #keptBytesMax: number;

  constructor(private readonly options: RewindOptions) {
    const { policy, journal, pool } = options;
    this.#unreadFrom = journal.unreadFrom;
    this.#keptBytesMax = policy === "auto" ? Math.min(pool.maxBytes / 2, pool.intakeBytes * KEPT_SHARE) : policy;
  }

  /** Everything before `sequence` has been read by the consumer's program. */
  noteRead(sequence: number): void {
    this.#unreadFrom = Math.max(this.#unreadFrom, sequence);
  }

  /**
   * The present connection has acknowledged all frames before `sequence`, from
   * where it began; undefined: it has ended.
   */
  noteAcknowledged(sequence: number | undefined): void {
    if (sequence === undefined) this.#passedGone = 0;
    this.#acknowledged = sequence;
  }

  /** The first frame that may have to be sent again, of those before `cursor`; `cursor` if none may. */
  unreadFrom(cursor: number = this.#confirmed): number {
    return this.options.policy === "auto" ? Math.min(cursor, this.#unreadFrom) : cursor;
  }

  /**
   * The first frame before `cursor` that would have to be sent again if this
   * process were killed now; `cursor` if none.
   */
  resendFrom(cursor: number): number {
    return Math.min(cursor, this.#acknowledged ?? this.unreadFrom(cursor));
  }

  /**
   * Nothing before `sequence` is sent any more, in this process or a later one.
   * Frames that the present connection has been sent again may still be read.
   */
  giveUp(sequence: number): void {
    const from = this.#acknowledged === undefined ? 0 : this.options.positions.next;
    this.noteGone(Math.max(from, this.unreadFrom()), Math.min(sequence, this.#confirmed));
    this.noteRead(sequence);
  }

  /**
   * Frames [from, until), which may not have been read, cannot be sent again:
   * they are counted in `mayBeLostBytes` and logged, but for those that were at
   * the end of a connection. No effect on an empty range.
   */
  noteGone(from: number, until: number): void {
    if (from >= until) return;
    this.#passedGone += until - from;
    const frames = Math.min(until - from, this.#passedGone - this.#toldGone);
    if (frames <= 0) return;
    this.#toldGone = this.#passedGone;
    const { ledger, log } = this.options;
    const { delivered } = ledger;
    // Their sizes are not known any more: each counts as an average frame, or as one byte at least.
    const bytes = Math.max(frames, Math.round(frames * delivered.bytes / Math.max(1, delivered.frames)));
    ledger.mayBeLostBytes += bytes;
    log.say("frames_unread", { from, until, frames, bytes });
  }

  /** At the end of a connection: `frames` of those that the next one should be sent again are gone, and counted. */
  noteToldGone(frames: number): void {
    this.#toldGone = frames;
  }

  /** Frames before this one need not be appended. */
  get appendFrom(): number {
    const { policy } = this.options;
    return policy === "auto" || policy === 0 ? this.unreadFrom() : 0;
  }

  /** Is this run, all of it confirmed and not in the journal, kept in memory? */
  wants(run: Run): boolean {
    const { policy, window } = this.options;
    if (policy === 0 || (policy === "auto" && runEnd(run) <= this.#unreadFrom)) return false;
    const bytesAfter = window.offsetOf(this.#confirmed) - (run.offset + runBytes(run));
    return bytesAfter < this.#keptBytesMax;
  }

  /** Bytes in memory that are there for `rewind` alone, about. */
  get keptBytes(): number {
    const { policy, window } = this.options;
    if (policy === 0) return 0;
    return Math.min(this.#keptBytesMax, window.offsetOf(this.#confirmed) - window.offsetOf(window.first));
  }

  /**
   * The sequence, at most `confirmed`, at which a new connection has to begin.
   * Rejects with a `SystemError` if the journal has to be read for it and cannot be.
   */
  async locate(): Promise<number> {
    const { policy, journal, window } = this.options;
    const confirmed = this.#confirmed;
    if (policy === 0) return confirmed;
    if (policy === "auto") {
      const from = Math.min(confirmed, this.#unreadFrom);
      if (from === confirmed || from >= window.first) return from;
      // Whatever its age: what comes before it is missing.
      const found = await journal.firstSince(from, 0);
      return Math.min(found ?? Number.POSITIVE_INFINITY, confirmed, window.first);
    }
    if (confirmed < window.first) return await journal.locateBack(confirmed, policy);
    const inMemory = window.exactOffsetOf(confirmed) - window.offsetOf(window.first);
    if (inMemory >= policy) return this.#frameAtOffset(window.exactOffsetOf(confirmed) - policy);
    return await journal.locateBack(window.first, policy - inMemory);
  }

  get #confirmed(): number {
    return this.options.positions.confirmed;
  }

  /** The frame in the window that holds the byte at `offset` of the route's stream, or begins there. */
  #frameAtOffset(offset: number): number {
    const { window, framer } = this.options;
    let index = window.length - 1;
    while (index > 0 && window.at(index)!.offset > offset) index--;
    const run = window.at(index)!;
    const bytesBefore = Math.max(0, offset - run.offset);
    return run.first + framer.scan(run.buffer.bytes, run.start, run.start, run.start + bytesBefore).frames;
  }
}
