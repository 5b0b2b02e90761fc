/**
 * Turns whatever a runtime throws into the program's one `SystemError`.
 *
 * Most of their errors carry an errno's name in `code`. Deno gives none for a
 * failed look-up and for its own resource errors, Bun prefixes some.
 */
import { constants } from "node:os";
import { SystemError } from "../base/error.ts";

const ERRNO_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno).map(([name, number]) => [number, name]),
);

/** Deno's error classes that come without a code. */
const CLASS_CODES: Readonly<Record<string, string>> = {
  AddrInUse: "EADDRINUSE",
  AddrNotAvailable: "EADDRNOTAVAIL",
  AlreadyExists: "EEXIST",
  BadResource: "EBADF",
  BrokenPipe: "EPIPE",
  ConnectionAborted: "ECONNABORTED",
  ConnectionRefused: "ECONNREFUSED",
  ConnectionReset: "ECONNRESET",
  Interrupted: "EINTR",
  NotCapable: "EPERM",
  NotConnected: "ENOTCONN",
  NotFound: "ENOENT",
  PermissionDenied: "EACCES",
  TimedOut: "ETIMEDOUT",
  WriteZero: "EIO",
};

/** The error for a failed `syscall` on `subject` (a path or address); a `SystemError` stays what it is. */
export function systemError(thrown: unknown, syscall: string, subject: string): SystemError {
  if (thrown instanceof SystemError) return thrown;
  return new SystemError(errnoName(thrown), syscall, subject, { cause: thrown });
}

/** The errno's name for anything thrown by a runtime; `EUNKNOWN` if that cannot be told from it. */
export function errnoName(thrown: unknown): string {
  if (!(thrown instanceof Error)) return "EUNKNOWN";
  const code = (thrown as { code?: unknown }).code;
  if (isLookupFailure(thrown.message, code)) return "ENOTFOUND";
  if (typeof code === "string" && /^E[A-Z0-9]+$/.test(code)) return code;
  const osError = thrown.message.match(/\(os error (\d+)\)/);
  if (osError !== null) return ERRNO_NAMES.get(Number(osError[1])) ?? "EUNKNOWN";
  return CLASS_CODES[thrown.name] ?? "EUNKNOWN";
}

/** Did getaddrinfo(3) fail, for any reason? */
function isLookupFailure(message: string, code: unknown): boolean {
  if (typeof code === "string" && /^(EAI_|DNS_|ENODATA$|ENOTFOUND$)/.test(code)) return true;
  return code === undefined && /lookup address information|No address associated/i.test(message);
}
