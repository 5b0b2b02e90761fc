import type { Clock } from "./clock.ts";
import { messageOf } from "./error.ts";

/**
 * The logger that the program writes to. The command line supplies one that
 * prints on standard error; tests supply one that records.
 */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Structured fields of a log line; printed as `key=value` or as JSON members. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Discards everything. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

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

  /** `what`: the line of the log. */
  constructor(
    private readonly options: { readonly log: Pick<Log, "error">; readonly clock: Pick<Clock, "monotonicMs"> },
    private readonly what: string,
  ) {}

  /** It has failed. */
  note(error: unknown): void {
    const { log, clock } = this.options;
    const message = messageOf(error);
    const nowMs = clock.monotonicMs();
    if (this.#message !== message || nowMs - this.#notedMs > FORGET_MS) log.error(this.what, { error: message });
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
