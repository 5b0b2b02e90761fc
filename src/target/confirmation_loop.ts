/**
 * Asks one connection's confirmer again and again what is confirmed: often while
 * something is in flight, since memory may wait for it; seldom while nothing is,
 * and only the consumer's program may still have to read; never otherwise.
 */
import type { Clock } from "../base/clock.ts";
import { Condition } from "../base/condition.ts";
import type { Confirmer } from "./confirmer.ts";

/** How long after an answer that brought something the next question comes while something is in flight, in ms. */
const CONFIRM_MS_MIN = 1;

/** After answers that brought nothing it takes twice as long each time, up to so many ms. */
export const CONFIRM_MS_MAX = 10;

/** How often, at least, it is asked what the consumer has read of what is acknowledged, while nothing else happens. */
const UNREAD_MS_MAX = 1_000;

export interface ConfirmationLoopOptions {
  readonly confirmer: Pick<Confirmer, "follow" | "inFlight" | "mayBeUnread" | "progress">;
  readonly clock: Clock;
  /** Aborted at the end of the connection; `noteInFlight` is called after that. */
  readonly signal: AbortSignal;
}

export class ConfirmationLoop {
  /** Notified when something is in flight. */
  readonly #inFlight = new Condition();
  /** Ends a sleep that lasts until something is in flight, or some time has passed. */
  #sleeping: AbortController | undefined;
  #isClose = false;

  constructor(private readonly options: ConfirmationLoopOptions) {}

  /** Resolves at the end of the connection: with the reason where a confirmer gives one for ending it. Called once. */
  async run(): Promise<string | undefined> {
    const { confirmer, clock, signal } = this.options;
    let confirmMs = CONFIRM_MS_MIN;
    for (let idleMs = CONFIRM_MS_MAX; !signal.aborted;) {
      if (confirmer.inFlight) {
        await clock.sleep(confirmMs, signal);
        idleMs = CONFIRM_MS_MAX;
      } else if (confirmer.mayBeUnread) {
        await this.#inFlightWithin(idleMs);
        idleMs = this.#isClose ? CONFIRM_MS_MAX : Math.min(idleMs * 2, UNREAD_MS_MAX);
      } else {
        await this.#inFlight.wait();
      }
      const { progress } = confirmer;
      const reason = signal.aborted ? undefined : confirmer.follow();
      if (reason !== undefined) return reason;
      confirmMs = confirmer.progress > progress ? CONFIRM_MS_MIN : Math.min(confirmMs * 2, CONFIRM_MS_MAX);
    }
  }

  /** Something is in flight, or the connection is at its end. */
  noteInFlight(): void {
    this.#inFlight.notify();
    this.#sleeping?.abort();
  }

  /** From now on what the consumer reads is followed closely, also while nothing is in flight. */
  followClosely(): void {
    this.#isClose = true;
    this.noteInFlight();
  }

  /** Resolves when something is in flight, at the latest after `ms`. */
  async #inFlightWithin(ms: number): Promise<void> {
    this.#sleeping = new AbortController();
    await this.options.clock.sleep(ms, this.#sleeping.signal);
    this.#sleeping = undefined;
  }
}
