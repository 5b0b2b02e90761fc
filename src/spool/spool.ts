/**
 * Memory and journal as one FIFO.
 *
 * One sequence, one log, one cursor. The newest frames are in the window in
 * memory, older ones that are still needed are in the journal, and four
 * positions say where everybody is:
 *
 *     confirmed ≤ sent ≤ end          the sender's side
 *     journal.end ≤ end               the disk's side
 *
 * In `always` mode every frame is appended. In `overflow` mode the spool is
 * either direct (nothing is appended) or spilling (everything unconfirmed is
 * appended, in order, and then what follows). A frame leaves the window when it
 * is confirmed, or when it is in the journal and memory is wanted. Nothing here
 * waits: `push` is called by the readers of sockets.
 */
import type { PooledBuffer } from "../base/buffer.ts";
import { Condition } from "../base/condition.ts";
import { add, type DropReason, tally } from "../base/ledger.ts";
import { runBytes, runEnd } from "../base/run.ts";
import type { Damage } from "../journal/journal.ts";
import { Flight } from "./flight.ts";
import { Gaps, type Passing, whyDropped } from "./gaps.ts";
import type { SpoolOptions } from "./options.ts";
import { Overload } from "./overload.ts";
import { Pressure } from "./pressure.ts";
import { Rewind } from "./rewind.ts";
import { Window } from "./window.ts";

/** Why the spool began to append. */
export type SpillReason = "memory is half full" | "the target is lost" | "stopping";

export class Spool {
  readonly window: Window;
  /** What the target's connection has been handed and has not confirmed; of each connection its own. */
  flight = new Flight();
  readonly rewind: Rewind;
  readonly overload: Overload;
  /** Called after each append with the sequence up to which frames are safe. */
  onAppended: (end: number) => void = () => {};
  /** Called when less may be at risk. */
  onSettled: () => void = () => {};
  /** Notified when there may be something new to send. */
  readonly sendable = new Condition();
  /** Notified when there may be something new to append. */
  readonly appendable = new Condition();
  /** Sequence of the next frame to hand to the target. The feed moves it. */
  sent: number;
  /** Frames before this one have been taken by the appender. */
  appendTaken = 0;
  /** While above 0 nothing is handed to the target. */
  held = 0;
  /** Frames of a segment that is being dropped, not counted yet. */
  passing: Passing | undefined;
  #confirmed: number;
  /** What is at risk began here in the route's stream when it was last `settled`. */
  #safeOffset = 0;
  #spilling = false;
  /** It is the end: nothing passes the journal by any more. */
  #stopping = false;
  #targetUp = false;
  readonly #gaps = new Gaps();
  readonly #pressure: Pressure;

  constructor(readonly options: SpoolOptions) {
    const { journal, pool, framer, recordBytes, ledger, log, rewind: policy } = options;
    this.window = new Window(journal.end, recordBytes, framer);
    this.overload = new Overload(options);
    this.#confirmed = this.sent = journal.cursor;
    this.rewind = new Rewind({ policy, journal, window: this.window, framer, pool, ledger, log });
    this.#pressure = new Pressure(options, this.rewind, this.overload);
    this.#spilling = journal.cursor < journal.end;
  }

  /** Sequence of the first frame that is not confirmed. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /**
   * Sequence of the next frame to deliver as it may be written down: in `always`
   * mode never past the appended end, and never past what is still to be counted.
   */
  get cursor(): number {
    return this.options.mode === "always" ? Math.min(this.#accounted, this.options.journal.end) : this.#accounted;
  }

  /** Frames before this one are no longer pending in the books. */
  get #accounted(): number {
    return Math.min(this.#confirmed, this.passing?.from ?? this.#confirmed);
  }

  /** Is everything that was received to be appended now? */
  get appending(): boolean {
    return this.#spilling || this.options.mode === "always";
  }

  /** Are frames sent as they come in, with no backlog before them? */
  get direct(): boolean {
    return this.sent >= this.window.first && (!this.#spilling || this.options.mode === "always");
  }

  /** Bytes read, not appended, not confirmed: what `kill -9` would cost now. */
  get atRiskBytes(): number {
    return this.window.bytesFrom(Math.max(this.#confirmed, this.options.journal.end));
  }

  /** {@link atRiskBytes} as of the last {@link settled}, and what came since: never less than that. Needs no search. */
  get riskBytesMost(): number {
    return this.window.endOffset - this.#safeOffset;
  }

  /**
   * Frames from a source, in `buffer.bytes[start, end)`. Retains the buffer, if
   * it takes them; returns at once. The sequence after the last of them.
   */
  push(buffer: PooledBuffer, start: number, end: number, frames: number, arrivedUs: number): number {
    this.options.ledger.receive(frames, end - start);
    if (this.overload.failing !== undefined) this.trim();
    if (this.overload.drops) {
      this.overload.drop(frames, end - start, this.window.end);
      return this.window.end;
    }
    const sealedBefore = Math.max(this.sent, this.appendTaken);
    this.window.push(buffer, start, end, frames, arrivedUs, sealedBefore);
    if (this.#pressure.isHigh(this.#confirmed)) {
      this.spill("memory is half full");
      this.trim();
    }
    if (this.appending) this.appendable.notify();
    this.sendable.notify();
    this.overload.received();
    return this.window.end;
  }

  /** An append has failed, and not for the first time if it goes on: the frames stay where they are, as the policy says. */
  appendFailed(reason: string): void {
    this.appendTaken = this.options.journal.end;
    this.overload.failed(reason);
    const { window } = this;
    for (let last = window.back; last !== undefined && this.overload.drops; last = window.back) {
      // What the target has been handed can still arrive.
      if (last.first < Math.max(this.sent, this.#confirmed, this.options.journal.end)) return;
      this.overload.drop(last.frames, runBytes(last), last.first);
      window.dropBack();
    }
  }

  /** Begins to append everything unconfirmed; no effect where that is being done. */
  spill(reason: SpillReason): void {
    this.#stopping ||= reason === "stopping";
    if (this.appending) return;
    this.#spilling = true;
    const { atRiskBytes } = this;
    if (atRiskBytes > 0 || reason !== "stopping") {
      this.options.log.info("frames go to the journal from now on", { reason, in_memory_bytes: atRiskBytes });
    }
    this.appendable.notify();
  }

  /** The target is connected, and `sent` is where its connection begins. */
  targetUp(): void {
    this.#targetUp = true;
    // Nothing is confirmed to a consumer that comes while the route is idle: its first frame is to find the way free.
    this.#considerDirect();
  }

  /** The target is gone: what is unconfirmed in memory goes to the journal. */
  targetLost(): void {
    this.#targetUp = false;
    this.giveUpInFlight();
    this.spill("the target is lost");
  }

  /** Where the next append begins; nothing is due while this is not below `window.end`. */
  get appendFrom(): number {
    const from = Math.max(this.options.journal.end, this.window.first);
    // Confirmed frames that `rewind` may want again are appended too, so that the journal has no hole there.
    return this.options.mode === "always" ? from : Math.max(from, this.rewind.appendFrom(this.#confirmed));
  }

  /** Everything below `sequence` is confirmed; `frames` and `bytes` say how much of it is news. Perhaps more of it is read, too. */
  confirm(sequence: number, frames: number, bytes: number): void {
    if (sequence > this.#confirmed) {
      this.#confirmed = this.#gaps.pass(sequence);
      this.options.ledger.deliver(frames, bytes);
    }
    this.settled();
  }

  /** See {@link Journal.quarantine}. */
  quarantine(sequence: number, frame: Uint8Array): Promise<string> {
    return this.options.journal.quarantine(sequence, frame);
  }

  /** The first unconfirmed frame, which is not in flight, will not be delivered. */
  refuse(bytes: number): void {
    this.options.ledger.drop("refused", 1, bytes);
    this.#confirmed = this.#gaps.pass(this.#confirmed + 1);
    this.sent = Math.max(this.sent, this.#confirmed);
    this.settled();
  }

  /** Frames that were pending are damaged; what was confirmed before, or never counted, is no drop. */
  damaged({ from, until, frames, payloadBytes, counted }: Damage): void {
    const { passing } = this;
    const isBeingPassed = passing !== undefined && passing.from <= from && from < passing.until;
    // A reader that goes on in an open file finds damaged what has been counted as dropped.
    if (this.#gaps.isDropped(from) && !isBeingPassed) return;
    const accounted = this.#accounted;
    // What was counted for a stretch can be more than its range says, where several were damaged.
    const gone = from >= accounted ? frames : Math.min(frames, until - accounted);
    if (!counted || gone <= 0) return;
    const bytes = Math.round(payloadBytes * gone / frames);
    this.options.ledger.drop("damaged", gone, bytes);
    if (passing !== undefined && from < passing.until) add(passing.damaged, gone, bytes);
  }

  /** From now on nothing before `until` is handed out. What was not so far is to be counted, and given up. */
  fence(until: number): Passing {
    const from = Math.min(until, Math.max(this.sent, this.#confirmed));
    this.passing = { from, until, damaged: tally() };
    this.rewind.giveUp(until, this.#confirmed, this.sent);
    this.sent = Math.max(this.sent, until);
    this.#gaps.add(from, until, "full");
    this.#confirmed = this.#gaps.pass(this.#confirmed);
    return this.passing;
  }

  /** What is not in flight below `until`, at most the received end, is given up; so much of it was pending. */
  giveUpBelow(until: number, frames: number, bytes: number, reason: DropReason): void {
    const from = Math.min(until, Math.max(this.sent, this.#confirmed));
    // What is in flight alone may still be delivered, and then be wanted for `rewind`.
    if (from < until) this.rewind.giveUp(until, this.#confirmed, this.sent);
    this.sent = Math.max(this.sent, until);
    this.#gaps.add(from, until, reason);
    this.#confirmed = this.#gaps.pass(this.#confirmed);
    this.options.ledger.drop(reason, frames, bytes);
    this.settled();
  }

  /** Frames [from, until), which would be next to send, are not in the journal: they are passed as if they were confirmed. */
  skip(from: number, until: number): void {
    this.sent = until;
    this.#gaps.add(from, until);
    this.#confirmed = this.#gaps.pass(this.#confirmed);
    this.settled();
  }

  /** So much of what is being passed is dropped. */
  giveUp(frames: number, bytes: number): void {
    this.passing = undefined;
    this.options.ledger.drop("full", frames, bytes);
    this.settled();
    this.sendable.notify();
  }

  /** What is in flight will not be confirmed. Where that is before frames that were given up, its segment is gone with those. */
  giveUpInFlight(): void {
    const dropped = this.#gaps.lastDropped;
    // What could not be read is looked for again.
    this.#gaps.clear();
    if (dropped === undefined) return;
    const { until, reason } = dropped;
    const { frames, bytes } = this.flight.unconfirmed(this.#confirmed, until);
    this.options.log.warn(`frames in flight are dropped, ${whyDropped(reason)}`, {
      from: this.#confirmed,
      until,
      frames,
      bytes,
    });
    this.options.ledger.drop(reason, frames, bytes);
    this.rewind.giveUp(until, this.#confirmed, this.sent);
    this.#confirmed = until;
    this.settled();
  }

  /** Brings everything up to date after frames were sent, confirmed or appended. */
  settled(): void {
    this.trim();
    this.#considerDirect();
    this.#safeOffset = this.window.endOffset - this.atRiskBytes;
    const { cursor, rewind } = this;
    this.options.journal.confirm(cursor, { from: rewind.unreadFrom(cursor), resendFrom: rewind.resendFrom(cursor) });
    this.onSettled();
  }

  /** Lets go of frames at the front of the window that nobody needs there. */
  trim(): void {
    for (let run = this.window.front; run !== undefined; run = this.window.front) {
      const end = runEnd(run);
      const appended = end <= this.options.journal.end;
      const isDone = end <= this.#confirmed && (appended || !this.#pressure.keeps(run, this.#confirmed));
      if (!isDone && !(appended && this.#pressure.isHigh(this.#confirmed))) return;
      this.window.dropFront();
    }
  }

  /** Direct again when the whole journal is sent and memory is nearly free. */
  #considerDirect(): void {
    if (!this.#spilling || this.#stopping || !this.#targetUp || this.options.mode === "always") return;
    const { journal } = this.options;
    if (this.sent < journal.end || this.sent < this.window.first) return;
    if (!this.#pressure.isLow(this.#confirmed, this.window.bytesFrom(this.#confirmed))) return;
    this.#spilling = false;
    this.options.log.info("the journal is sent, frames pass it by again", { sequence: this.sent });
  }
}
