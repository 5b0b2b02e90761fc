/**
 * Says of a state that lasts that it does: while no consumer is there, and while
 * producers are held up. Each is said again at growing intervals.
 */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { RouteStatus } from "./status.ts";

/** After so many ms a state that lasts is said, and from then on once each time that the last of these passes. */
const SAID_MS = [60_000, 300_000, 900_000, 3_600_000];

/** Reading that stops for less than this, in ms, is no event. */
const HELD_UP_MS = 1000;

export interface LastingStatesOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly log: Log;
  /** How long no consumer has been there, in ms; undefined while one is. */
  readonly awayMs: () => number | undefined;
  /** How long a producer has been waiting to be read, in ms; undefined while none waits. */
  readonly unreadMs: () => number | undefined;
  /** The figures that go with what is said. */
  readonly status: () => Promise<RouteStatus>;
}

export class LastingStates {
  readonly #away = new Reminder();
  readonly #heldUp = new Reminder();
  /** Since when producers have been held up, as it was said, on the monotonic clock. */
  #heldUpSinceMs: number | undefined;

  constructor(private readonly options: LastingStatesOptions) {}

  /** To be called about once a second. Never rejects. */
  async check(): Promise<void> {
    const { awayMs, unreadMs, clock } = this.options;
    if (this.#away.isDue(awayMs() ?? 0)) await this.#sayAway();
    const waitingMs = unreadMs();
    if (waitingMs === undefined) return this.#endHeldUp();
    if (this.#heldUpSinceMs === undefined && waitingMs < HELD_UP_MS) return;
    const isNew = this.#heldUpSinceMs === undefined;
    this.#heldUpSinceMs ??= clock.monotonicMs() - waitingMs;
    if (this.#heldUp.isDue(clock.monotonicMs() - this.#heldUpSinceMs) || isNew) await this.#sayHeldUp();
  }

  async #sayAway(): Promise<void> {
    const { log, status, awayMs } = this.options;
    const now = await status().catch(() => undefined);
    log.say("target_away", {
      away_s: inSeconds(awayMs() ?? 0),
      pending_frames: now?.pending_frames,
      pending_bytes: now?.pending_bytes,
      journal_full_in_s: now?.journal_full_seconds ?? undefined,
      error: now?.detail ?? undefined,
    });
  }

  async #sayHeldUp(): Promise<void> {
    const { log, status, clock } = this.options;
    const now = await status().catch(() => undefined);
    log.say("source_held_up", {
      for_s: inSeconds(clock.monotonicMs() - this.#heldUpSinceMs!),
      cause: now?.source_held_up_reason ?? undefined,
      pending_frames: now?.pending_frames,
      pending_bytes: now?.pending_bytes,
    });
  }

  #endHeldUp(): void {
    if (this.#heldUpSinceMs === undefined) return;
    const { log, clock } = this.options;
    log.say("source_held_up_ended", { for_s: inSeconds(clock.monotonicMs() - this.#heldUpSinceMs) });
    this.#heldUpSinceMs = undefined;
    this.#heldUp.isDue(0);
  }
}

/** When a state that has lasted for a while is to be said again. */
class Reminder {
  #said = 0;

  /** `forMs`: how long the state has lasted; 0 where it does not. */
  isDue(forMs: number): boolean {
    const last = SAID_MS[SAID_MS.length - 1];
    const due = SAID_MS.filter((ms) => ms < last && ms <= forMs).length + Math.floor(forMs / last);
    const isDue = due > this.#said;
    this.#said = due;
    return isDue;
  }
}

function inSeconds(ms: number): number {
  return Math.round(ms / 1000);
}
