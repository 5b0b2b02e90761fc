/** The last events of a process, for those who look at it while it runs. */
import type { EventName } from "./events.ts";
import type { LogFields, LogLevel } from "./log.ts";

export interface RecentEvent {
  /** ISO 8601, to the ms. */
  readonly time: string;
  readonly level: LogLevel;
  readonly event: EventName;
  /** Of the process as a whole: `spillway`. */
  readonly route: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** How many are kept; the oldest go first. */
const KEPT = 200;

export class RecentEvents {
  readonly #events: RecentEvent[] = [];

  note(event: RecentEvent): void {
    this.#events.push(event);
    if (this.#events.length > KEPT) this.#events.shift();
  }

  /** Oldest first. */
  get all(): readonly RecentEvent[] {
    return this.#events;
  }
}
