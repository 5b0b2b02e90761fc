/**
 * Runs a program and makes one of its system calls go wrong: the n-th one of a
 * kind that touches a file below a directory, counted over all threads.
 *
 * strace counts for each thread by itself, and both runtimes hand their file
 * work to whichever thread is free; so it cannot say "the n-th write". Apart
 * from that this is what `strace --inject -P` does.
 *
 * `deno run -A main.ts OPTIONS COMMAND…` with the options as JSON. What it did
 * is written to the file `report`, a JSON object a line. Ends as the program does.
 */
import { type CallKind, type KnownCall, knownCall, pathsOf } from "./calls.ts";
import {
  callInfo,
  kill,
  listen,
  nextStop,
  poke,
  readMemory,
  REGISTER,
  resume,
  seizeStopped,
  SIGNAL,
  writeMemory,
} from "./ptrace.ts";

export type Fault =
  /** SIGKILL before the call is done. */
  | { readonly do: "kill" }
  /** Half of a write is done, then SIGKILL; any other call is done, then SIGKILL. */
  | { readonly do: "tear" }
  /** The call is not done and fails; so do the `times - 1` calls of the kind after it. 0 = all. */
  | { readonly do: "fail"; readonly errno: number; readonly times: number }
  /** The call, and each of the kind after it, is never done and never ends. */
  | { readonly do: "hang" };

/** Which call goes wrong, and how. */
export interface CallFault {
  readonly kind: CallKind;
  /** From 1 on. */
  readonly nth: number;
  readonly fault: Fault;
}

export interface InjectOptions {
  readonly under: string;
  /** Each counts for itself. */
  readonly faults: readonly CallFault[];
  /** Where it tells what it does. */
  readonly report: string;
  /** Calls count, and fail, only while this file exists. */
  readonly armed?: string;
}

/** A line of the report: the program's pid, or a call that was made to go wrong, and by which of the faults. */
export type ReportLine =
  | { readonly pid: number }
  | { readonly fault: number; readonly call: string; readonly paths: readonly string[] };

class Injector {
  readonly #child: number;
  readonly #counts: number[];
  /** What is to be done at the end of the call that a thread is in. */
  readonly #atEnd = new Map<number, () => void>();
  /** Threads that stay where they are. */
  readonly #hanging = new Set<number>();

  constructor(private readonly options: InjectOptions, command: readonly string[]) {
    this.#counts = options.faults.map(() => 0);
    const stopped = `kill -STOP $$; exec "$0" "$@"`;
    this.#child = new Deno.Command("/bin/sh", { args: ["-c", stopped, ...command], stdin: "null" }).spawn().pid;
    seizeStopped(this.#child);
    this.#tell({ pid: this.#child });
  }

  /** Until the program has ended; its exit code. */
  run(): number {
    while (true) {
      const stop = nextStop();
      const { thread } = stop;
      if (stop.kind === "gone") {
        if (thread === this.#child) return stop.code;
        this.#atEnd.delete(thread);
      } else if (stop.kind === "group") {
        listen(thread);
      } else {
        if (stop.kind === "call") this.#look(thread);
        if (!this.#hanging.has(thread)) resume(thread, stop.kind === "other" ? stop.signal : 0);
      }
    }
  }

  #look(thread: number): void {
    const info = callInfo(thread);
    if (info === undefined) return;
    if (!info.entering) {
      this.#atEnd.get(thread)?.();
      this.#atEnd.delete(thread);
      return;
    }
    const call = knownCall(info);
    if (call === undefined || !this.options.faults.some(({ kind }) => kind === call.kind)) return;
    const paths = pathsOf(call, info.args, thread);
    if (!paths.some((path) => this.#isUnder(path)) || !this.#isArmed()) return;
    for (const [i, { kind, nth, fault }] of this.options.faults.entries()) {
      if (kind !== call.kind) continue;
      const beyond = ++this.#counts[i] - nth;
      if (beyond < 0 || !this.#goWrong(thread, call, info.args, fault, beyond)) continue;
      this.#tell({ fault: i, call: call.name, paths });
      return;
    }
  }

  /** `beyond` is how many calls ago the n-th one was. Returns whether this one goes wrong. */
  #goWrong(thread: number, call: KnownCall, args: readonly bigint[], fault: Fault, beyond: number): boolean {
    if (fault.do === "fail") {
      if (fault.times > 0 && beyond >= fault.times) return false;
      poke(thread, REGISTER.call, -1);
      this.#atEnd.set(thread, () => poke(thread, REGISTER.result, -fault.errno));
    } else if (fault.do === "hang") {
      this.#hanging.add(thread);
    } else if (beyond > 0) {
      return false;
    } else if (fault.do === "kill") {
      kill(this.#child, SIGNAL.kill);
    } else {
      if (call.kind === "write") this.#halve(thread, call, args);
      this.#atEnd.set(thread, () => kill(this.#child, SIGNAL.kill));
    }
    return true;
  }

  /** Makes the kernel see half of what is to be written. */
  #halve(thread: number, call: KnownCall, args: readonly bigint[]): void {
    if (call.unit === "bytes") {
      poke(thread, REGISTER.argument3, Math.ceil(Number(args[2]) / 2));
      return;
    }
    // struct iovec: address and length, 8 bytes each.
    const bytes = readMemory(thread, args[1], Number(args[2]) * 16);
    const view = new DataView(bytes.buffer);
    const lengths = Array.from({ length: bytes.length / 16 }, (_, i) => Number(view.getBigUint64(i * 16 + 8, true)));
    let left = Math.ceil(lengths.reduce((sum, length) => sum + length, 0) / 2);
    let last = 0;
    while (left > lengths[last]) left -= lengths[last++];
    const length = new DataView(new ArrayBuffer(8));
    length.setBigUint64(0, BigInt(left), true);
    writeMemory(thread, args[1] + BigInt(last * 16 + 8), new Uint8Array(length.buffer));
    poke(thread, REGISTER.argument3, last + 1);
  }

  #isUnder(path: string): boolean {
    return path === this.options.under || path.startsWith(`${this.options.under}/`);
  }

  #isArmed(): boolean {
    const { armed } = this.options;
    if (armed === undefined) return true;
    try {
      Deno.statSync(armed);
      return true;
    } catch {
      return false;
    }
  }

  #tell(line: ReportLine): void {
    Deno.writeTextFileSync(this.options.report, `${JSON.stringify(line)}\n`, { append: true });
  }
}

if (import.meta.main) {
  const [options, ...command] = Deno.args;
  Deno.exit(new Injector(JSON.parse(options), command).run());
}
