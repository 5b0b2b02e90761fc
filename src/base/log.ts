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
