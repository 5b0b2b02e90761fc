/** `confirm = "reply"`: what the consumer's replies are like, and what becomes of frames that it refuses. */
import type { Framer } from "../framing/framing.ts";

export interface ReplyRules {
  /** `reply_framing`. */
  readonly framer: Framer;
  /** How long a reply may take, in ms. */
  readonly timeoutMs: number;
  /** What the content of a good reply matches; undefined: every reply is good. */
  readonly ok: RegExp | undefined;
  /** How often a frame is sent before it is refused for good. */
  readonly attempts: number;
  /** How many frames may be sent and not replied to, at most. */
  readonly window: number;
}

/** Where frames go that the consumer refuses for good; the spool of a route is one. */
export interface RefusalSink {
  /** Sequence of the first frame that is not confirmed. */
  readonly confirmed: number;
  /** Keeps frame `sequence`, the first unconfirmed one, in quarantine, and drops it. Returns its path there. */
  refuse(sequence: number, frame: Uint8Array): Promise<string>;
}

/** How often the consumer has refused the frame that is next: counted across connections. */
export class Refusals {
  #sequence = -1;
  #count = 0;

  /** Counts one more for frame `sequence`; returns how many there have been. */
  note(sequence: number): number {
    if (sequence !== this.#sequence) this.#count = 0;
    this.#sequence = sequence;
    return ++this.#count;
  }

  of(sequence: number): number {
    return sequence === this.#sequence ? this.#count : 0;
  }
}
