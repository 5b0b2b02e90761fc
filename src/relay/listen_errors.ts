/** The errors of `run` and `check` for an address that cannot be listened on. */
import { describeErrno, SpillwayError, type SystemError } from "../base/error.ts";

const HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE:
    "another program, perhaps another spillway, listens there (ss -lxtnp names it): stop it or choose another",
  EADDRNOTAVAIL: "listen on an address of this host, or on :PORT for all of them",
  EACCES: "ports below 1024 and the directory of a unix socket need the right to use them",
  ENOTFOUND: "listen on an address or a name of this host, or on :PORT for all of its addresses",
};

/** What to do if listening failed with `code`, an errno's name. */
export function listenHint(code: string): string | undefined {
  return HINTS[code];
}

/** `key` is the configuration key of the address, like `source.listen`. */
export function addressInUse(key: string, address: string): string {
  return `${key}: ${address} is already in use`;
}

export function cannotListen(route: string, key: string, error: SystemError): SpillwayError {
  const { code, subject } = error;
  const text = code === "EADDRINUSE"
    ? addressInUse(key, subject)
    : `${key}: cannot listen on ${subject}: ${describeErrno(code)}`;
  return new SpillwayError(`route ${route}: ${text}`, { hint: listenHint(code), cause: error });
}
