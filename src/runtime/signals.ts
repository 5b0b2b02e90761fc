/**
 * Keeps the process alive through signals that mean nothing to it and whose
 * default is to end it.
 *
 * They are ignored by sigaction(2), not taken by handlers: a listener for
 * SIGUSR1 would not keep Deno from opening its debugger, realtime signals have
 * no name that a runtime knows, and a busy event loop would have to run each
 * handler. A signal that has a handler already is left alone: JavaScriptCore stops
 * threads for its garbage collector with SIGPWR. So are SIGABRT and the signals
 * of a fault of the program itself (SIGSEGV and the like): the process is broken
 * then, and a supervisor's watchdog must be able to end it with a core dump.
 */
import { constants } from "node:os";
import process from "node:process";

/**
 * sigaction(2): 0, or -1 for a number that is none or that libc keeps for
 * itself. `old` receives the present action; both have {@link SIGACTION_BYTES}.
 */
export type Sigaction = (signal: number, action: Uint8Array | null, old: Uint8Array | null) => number;

/** More than a struct sigaction takes on any system. Its first word is the handler on all of them. */
export const SIGACTION_BYTES = 256;

/** The list lacks the signals that the relay handles (SIGTERM, SIGINT, SIGHUP) and those named above. */
const NAMES = [
  "SIGQUIT",
  "SIGUSR1",
  "SIGUSR2",
  "SIGPIPE",
  "SIGALRM",
  "SIGVTALRM",
  "SIGPROF",
  "SIGIO",
  "SIGPWR",
  "SIGSTKFLT",
  "SIGXCPU",
  "SIGXFSZ",
] as const;

/** SIGRTMIN to SIGRTMAX of Linux; other systems have none of these numbers, and libc refuses those it uses itself. */
const REALTIME = { first: 32, last: 64 } as const;

const HANDLER_BYTES = 8;
const SIG_IGN = 1;

/**
 * Ignores them. `always` names those that are ignored though the runtime has a
 * handler. Without `sigaction` they get a listener that does nothing, as far as
 * the runtime knows them.
 */
export function outliveSignals(sigaction: Sigaction | undefined, always: readonly string[] = []): void {
  const numbers: Readonly<Record<string, number | undefined>> = constants.signals;
  if (sigaction === undefined) return listenInstead(NAMES.filter((name) => numbers[name] !== undefined));
  for (const name of NAMES) {
    const number = numbers[name];
    if (number !== undefined) ignore(sigaction, number, always.includes(name));
  }
  for (let number = REALTIME.first; number <= REALTIME.last; number++) ignore(sigaction, number, false);
}

function ignore(sigaction: Sigaction, signal: number, handledToo: boolean): void {
  const old = new Uint8Array(SIGACTION_BYTES);
  if (sigaction(signal, null, old) !== 0) return;
  // SIG_DFL is a handler of all zeros.
  const isDefault = old.subarray(0, HANDLER_BYTES).every((byte) => byte === 0);
  if (!isDefault && !handledToo) return;
  const action = new Uint8Array(SIGACTION_BYTES);
  // The lowest byte of the first word: there are builds for little-endian processors only.
  action[0] = SIG_IGN;
  sigaction(signal, action, null);
}

function listenInstead(names: readonly string[]): void {
  for (const name of names) {
    try {
      process.on(name, () => {});
    } catch { // the runtime does not know it, or keeps it for itself
    }
  }
}
