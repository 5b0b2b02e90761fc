/**
 * What one route has received, delivered and dropped: `received + carried =
 * delivered + pending + dropped`, in frames and in bytes, at every moment.
 */
import { type Clock, systemClock } from "./clock.ts";

/** How many frames, and how many bytes of frames. */
export interface Tally {
  frames: number;
  bytes: number;
}

/** Why frames or bytes were dropped. */
export const DROP_REASONS = [
  /** A connection ended in the middle of a frame. */
  "unfinished",
  /** Bytes that can never be a frame: too long, an impossible length. */
  "fault",
  /** An unfinished frame held memory that other connections waited for, and did not become whole. */
  "stuck",
  /** Bytes between two frames, which the framing discards. */
  "between",
  /** The journal had no room and `when_full` said so. */
  "full",
  /** An operator gave it up (skip). */
  "operator",
  /** It was too old (max_age, skip --before). */
  "expired",
  /** The consumer replied too often that it does not accept the frame; the frame is in quarantine. */
  "refused",
  /** Damaged records of the journal, moved to quarantine. */
  "damaged",
  /** Neither delivered nor journaled when the process had to end. */
  "stop",
] as const;

export type DropReason = typeof DROP_REASONS[number];

export class Ledger {
  readonly received: Tally = tally();
  readonly delivered: Tally = tally();
  /** Not yet confirmed; begins with what the last run left in the journal. */
  readonly pending: Tally = tally();
  /** What the last run left, as counted at start. */
  readonly carried: Tally = tally();
  /** Appended to the journal. */
  readonly spilled: Tally = tally();
  readonly dropped: Map<DropReason, Tally> = new Map();
  /** When something was last dropped, by reason, µs since 1970. */
  readonly droppedAtUs: Map<DropReason, number> = new Map();
  /** Frames that were sent again, each time counted. */
  resentFrames = 0;
  /** Bytes that the consumer's kernel had acknowledged, that its program may not have read, and that were not sent again. */
  mayBeLostBytes = 0;

  /** `clock` gives the times of drops. */
  constructor(private readonly clock: Pick<Clock, "wallUs"> = systemClock) {}

  carry(frames: number, bytes: number): void {
    add(this.carried, frames, bytes);
    add(this.pending, frames, bytes);
  }

  receive(frames: number, bytes: number): void {
    add(this.received, frames, bytes);
    add(this.pending, frames, bytes);
  }

  deliver(frames: number, bytes: number): void {
    add(this.delivered, frames, bytes);
    add(this.pending, -frames, -bytes);
  }

  spill(frames: number, bytes: number): void {
    add(this.spilled, frames, bytes);
  }

  /** Drops frames that were pending. */
  drop(reason: DropReason, frames: number, bytes: number): void {
    this.#noteDrop(reason, frames, bytes);
    add(this.pending, -frames, -bytes);
  }

  /** Drops bytes that never became a frame: they count as received and dropped at once. */
  refuse(reason: DropReason, bytes: number): void {
    add(this.received, 0, bytes);
    this.#noteDrop(reason, 0, bytes);
  }

  /** What was dropped, for all reasons together. */
  droppedTotal(): Tally {
    const total = tally();
    for (const { frames, bytes } of this.dropped.values()) add(total, frames, bytes);
    return total;
  }

  #noteDrop(reason: DropReason, frames: number, bytes: number): void {
    let entry = this.dropped.get(reason);
    if (entry === undefined) this.dropped.set(reason, entry = tally());
    add(entry, frames, bytes);
    if (frames > 0 || bytes > 0) this.droppedAtUs.set(reason, this.clock.wallUs());
  }
}

/** A tally of nothing. */
export function tally(): Tally {
  return { frames: 0, bytes: 0 };
}

/** Adds to a tally; negative figures subtract. */
export function add(to: Tally, frames: number, bytes: number): void {
  to.frames += frames;
  to.bytes += bytes;
}
