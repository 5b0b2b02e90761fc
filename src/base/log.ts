/**
 * The logger that the program writes to. The command line supplies one that
 * prints on standard error; tests supply one that records.
 */
import type { Clock } from "./clock.ts";
import { messageOf } from "./error.ts";
import type { EventName } from "./events.ts";

export type { LogLevel } from "./events/kind.ts";

/** Structured fields of a log line; printed as `key=value` or as JSON members. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Log {
  /** Something has happened that is worth a line, or to be counted with others like it. */
  say(event: EventName, fields?: LogFields): void;
}

/** Discards everything. */
export const silentLog: Log = { say() {} };

/** How long a failure stays away, in ms, until it is logged again when it comes back. */
const FORGET_MS = 60_000;

/**
 * A failure after which the same is tried again. It is logged when it begins, when
 * it becomes another one, and when it comes back after it was away for a minute or
 * was said to be over: attempts in between may succeed because they had less to do.
 */
export class RecurringFailure {
  #message: string | undefined;
  #notedMs = 0;

  constructor(
    private readonly options: { readonly log: Log; readonly clock: Pick<Clock, "monotonicMs"> },
    private readonly event: EventName,
  ) {}

  /** It has failed. */
  note(error: unknown): void {
    const { log, clock } = this.options;
    const message = messageOf(error);
    const nowMs = clock.monotonicMs();
    if (this.#message !== message || nowMs - this.#notedMs > FORGET_MS) log.say(this.event, { error: message });
    this.#message = message;
    this.#notedMs = nowMs;
  }

  /** It has succeeded, and that will be said if this returns true: it had failed before. */
  end(): boolean {
    const hadFailed = this.#message !== undefined;
    this.#message = undefined;
    return hadFailed;
  }
}
