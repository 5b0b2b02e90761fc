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

/** A failure after which the same is tried again: it is logged when it begins, and when it becomes another one. */
export class RecurringFailure {
  #message: string | undefined;

  /** `what`: the line of the log. */
  constructor(private readonly log: Pick<Log, "error">, private readonly what: string) {}

  /** It has failed. */
  note(error: unknown): void {
    const message = messageOf(error);
    if (this.#message !== message) this.log.error(this.what, { error: message });
    this.#message = message;
  }

  /** It has succeeded. Returns whether it had failed before. */
  end(): boolean {
    const hadFailed = this.#message !== undefined;
    this.#message = undefined;
    return hadFailed;
  }
}
