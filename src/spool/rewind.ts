/**
 * `rewind`: how much of what is confirmed is kept, to be sent again on a new
 * connection. A number: so many bytes before the first unconfirmed frame.
 * `auto`: from the first frame on that the consumer's program may not have read.
 *
 * What is kept stays in memory or in the journal; there is no third place, so a
 * new connection begins where the gapless frames before the first unconfirmed
 * one begin.
 */
import type { BufferPool } from "../base/buffer.ts";
import { type Run, runBytes, runEnd } from "../base/run.ts";
import type { Ledger } from "../base/ledger.ts";
import type { Log } from "../base/log.ts";
import type { Framer } from "../framing/framing.ts";
import type { Journal } from "../journal/journal.ts";
import type { Window } from "./window.ts";

/** Bytes, or as many as the consumer may not have read. */
export type RewindPolicy = number | "auto";

export interface RewindOptions {
  readonly policy: RewindPolicy;
  readonly journal: Journal;
  readonly window: Window;
  readonly framer: Framer;
  readonly pool: BufferPool;
  readonly ledger: Ledger;
  readonly log: Log;
}

/** `auto` keeps half of memory at most, and this share of what can be had for frames that come in. */
const KEPT_SHARE = 0.6;

export class Rewind {
  #unreadFrom: number;
  /** Frames were given up to here. */
  #floor = 0;
  /** The connection there is has acknowledged all frames below this, from where it began. */
  #acknowledged: number | undefined;
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

  /** A connection has acknowledged all frames before `sequence`, from where it began; undefined: there is none. */
  noteAcknowledged(sequence: number | undefined): void {
    this.#acknowledged = sequence;
  }

  /** The first frame that would have to be sent again if this process were killed now; `confirmed` if none. */
  resendFrom(confirmed: number): number {
    return Math.min(confirmed, this.#acknowledged ?? this.unreadFrom(confirmed));
  }

  /**
   * Nothing before `sequence` is sent any more, in this process or after it.
   * What was on its way to be sent again, before `sent`, may still be read.
   */
  giveUp(sequence: number, confirmed: number, sent: number): void {
    const from = this.#acknowledged === undefined ? 0 : sent;
    this.noteGone(Math.max(from, this.unreadFrom(confirmed)), Math.min(sequence, confirmed));
    this.#floor = Math.max(this.#floor, sequence);
    this.noteRead(sequence);
  }

  /** Frames [from, until), which may not have been read, cannot be sent again: counted, and said. No effect if there are none. */
  noteGone(from: number, until: number): void {
    const frames = until - from;
    if (frames <= 0) return;
    const { ledger, log } = this.options;
    const { delivered } = ledger;
    // Nobody knows their sizes any more: about as large as others, or a byte at least.
    const bytes = Math.max(frames, Math.round(frames * delivered.bytes / Math.max(1, delivered.frames)));
    ledger.mayBeLostBytes += bytes;
    log.warn("frames that may not have been read cannot be sent again", { from, until, frames, bytes });
    this.noteRead(until);
  }

  /** The first frame that may have to be sent again, as far as that is known by its sequence; `confirmed` if none. */
  unreadFrom(confirmed: number): number {
    return this.options.policy === "auto" ? Math.min(confirmed, this.#unreadFrom) : confirmed;
  }

  /** Frames before this one need not be appended. */
  appendFrom(confirmed: number): number {
    const { policy } = this.options;
    return policy === "auto" || policy === 0 ? this.unreadFrom(confirmed) : 0;
  }

  /** Is this run, all of it confirmed and not in the journal, kept in memory? */
  wants(run: Run, confirmed: number): boolean {
    const { policy, window } = this.options;
    if (policy === 0 || (policy === "auto" && runEnd(run) <= this.#unreadFrom)) return false;
    const behind = window.offsetOf(confirmed) - (run.offset + runBytes(run));
    return behind < this.#keptBytesMax;
  }

  /** Bytes in memory that are there for this alone, about. */
  keptBytes(confirmed: number): number {
    const { policy, window } = this.options;
    if (policy === 0) return 0;
    return Math.min(this.#keptBytesMax, window.offsetOf(confirmed) - window.offsetOf(window.first));
  }

  /**
   * The sequence at which a new connection begins; at most `confirmed`, unless
   * more was given up. Rejects with a `SystemError` if the journal has to be read
   * for it and cannot be.
   */
  async start(confirmed: number): Promise<number> {
    const found = await this.#locate(confirmed);
    // A segment that is being dropped may still be there.
    return Math.max(found, this.#floor);
  }

  async #locate(confirmed: number): Promise<number> {
    const { policy, journal, window } = this.options;
    if (policy === 0) return confirmed;
    if (policy === "auto") {
      const from = Math.min(confirmed, this.#unreadFrom);
      if (from === confirmed || from >= window.first) return from;
      return await journal.locateBack(Math.min(confirmed, window.first), Number.POSITIVE_INFINITY, from);
    }
    if (confirmed < window.first) return await journal.locateBack(confirmed, policy);
    const here = window.exactOffsetOf(confirmed) - window.offsetOf(window.first);
    if (here >= policy) return this.#frameAtOffset(window.exactOffsetOf(confirmed) - policy);
    return await journal.locateBack(window.first, policy - here);
  }

  /** The frame in the window that holds the byte at `offset` of the route's stream, or begins there. */
  #frameAtOffset(offset: number): number {
    const { window, framer } = this.options;
    let index = window.length - 1;
    while (index > 0 && window.at(index)!.offset > offset) index--;
    const run = window.at(index)!;
    const within = Math.max(0, offset - run.offset);
    return run.first + framer.scan(run.buffer.bytes, run.start, run.start, run.start + within).frames;
  }
}
