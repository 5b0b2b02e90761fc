/**
 * Operating errors, as opposed to defects of this program.
 *
 * A {@link SpillwayError} is something that an operator can act on: it says
 * what failed, where, what was found and what was expected, and what to do. It
 * is printed as `error: …` and `hint: …`, never with a stack trace. Everything
 * else that is thrown is a defect of the program.
 */

/** Exit codes of the command line. */
export const EXIT = { ok: 0, failed: 1, usage: 2, busy: 75, interrupted: 130 } as const;

export interface SpillwayErrorOptions {
  /** What the operator can do about it, one sentence. */
  readonly hint?: string;
  /** The process's exit code if nothing else handles it. Default: 1. */
  readonly exit?: number;
  readonly cause?: unknown;
}

/** An operating error: its message says what failed, where, what was found and what was expected. */
export class SpillwayError extends Error {
  override readonly name: string = "SpillwayError";
  readonly hint?: string;
  readonly exit: number;

  constructor(message: string, options: SpillwayErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.hint = options.hint;
    this.exit = options.exit ?? EXIT.failed;
  }
}

/** A command line or a configuration is wrong: exit code 2. */
export function usageError(message: string, hint?: string): SpillwayError {
  return new SpillwayError(message, { hint, exit: EXIT.usage });
}

/**
 * A failed system call. Both runtimes' errors are turned into this one at the
 * runtime seam, so that the rest of the program looks at `code` alone.
 */
export class SystemError extends Error {
  override readonly name = "SystemError";

  constructor(
    /** The errno's name: `ENOSPC`, `ECONNRESET`, …; `EUNKNOWN` if the runtime gave none. */
    readonly code: string,
    /** The call as a user knows it: `open`, `write`, `connect`, … */
    readonly syscall: string,
    /** The path or address it was about. */
    readonly subject: string,
    options: { readonly cause?: unknown } = {},
  ) {
    super(`${syscall} ${subject}: ${describeErrno(code)}`, options);
  }
}

/** Is this a failed system call with one of these errno's names? */
export function failedWith(thrown: unknown, ...codes: readonly string[]): thrown is SystemError {
  return thrown instanceof SystemError && codes.includes(thrown.code);
}

/** Has the reader of standard output closed it, as in `spillway help | head -1`? */
export function isOutputUnwanted(thrown: unknown): boolean {
  return failedWith(thrown, "EPIPE") && thrown.subject === STANDARD_OUTPUT;
}

/** The `subject` of a `SystemError` of standard output. */
export const STANDARD_OUTPUT = "standard output";

const ERRNO_TEXT: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "no such address on this host",
  ECONNABORTED: "connection aborted",
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset by peer",
  EDQUOT: "disk quota exceeded",
  EEXIST: "already exists",
  EFBIG: "file too large",
  EHOSTUNREACH: "no route to host",
  EIO: "input/output error",
  EISDIR: "is a directory",
  EMFILE: "too many open files",
  ENETUNREACH: "network unreachable",
  ENOENT: "no such file or directory",
  ENOSPC: "no space left on device",
  ENOTDIR: "not a directory",
  ENOTFOUND: "host name does not resolve",
  EOVERFLOW: "the sequence numbers are used up",
  EPERM: "operation not permitted",
  EPIPE: "connection closed by peer",
  EROFS: "read-only file system",
  ETIMEDOUT: "timed out",
};

/** `no space left on device (ENOSPC)`; the bare code where no text is known. */
export function describeErrno(code: string): string {
  const text = ERRNO_TEXT[code];
  return text === undefined ? code : `${text} (${code})`;
}

/** The message of anything thrown, for a log line. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
