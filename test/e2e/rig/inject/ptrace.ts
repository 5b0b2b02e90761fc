/**
 * ptrace(2) through FFI, as far as an injector of system call faults needs it.
 * Linux on x86-64.
 *
 * All calls must come from one thread of the operating system, so everything
 * here is synchronous, and who uses it has a process of its own.
 */

/** struct user_regs_struct of <sys/user.h>: offsets in bytes. */
export const REGISTER = { result: 80, argument3: 96, call: 120 } as const;

export const SIGNAL = { kill: 9, stop: 19, cont: 18 } as const;

/** What a thread stopped for. */
export type Stop =
  | { readonly kind: "gone"; readonly thread: number; readonly code: number }
  | { readonly kind: "call"; readonly thread: number }
  /** Stopped by a signal such as SIGSTOP, with all the others of its process. */
  | { readonly kind: "group"; readonly thread: number }
  /** About to get this signal; 0: nothing of interest. */
  | { readonly kind: "other"; readonly thread: number; readonly signal: number };

export interface CallInfo {
  readonly entering: boolean;
  /** On entering. */
  readonly number: number;
  readonly args: readonly bigint[];
}

// <sys/ptrace.h>, <linux/ptrace.h>
const POKEUSER = 6;
const SYSCALL = 24;
const SEIZE = 0x4206;
const LISTEN = 0x4208;
const GET_SYSCALL_INFO = 0x420e;
const TRACE_EVERYTHING = 0x1 | 0x2 | 0x4 | 0x8 | 0x10; // SYSGOOD, FORK, VFORK, CLONE, EXEC
const EXITKILL = 0x100000;
const EVENT_STOP = 128;
const INFO_ENTRY = 1;
const INFO_BYTES = 88;

// <sys/wait.h>, <signal.h>
const WUNTRACED = 2;
const WALL = 0x40000000;
const SIGTRAP = 5;
const STOP_SIGNALS = [19, 20, 21, 22];
const EINTR = 4;

const { symbols: libc } = Deno.dlopen("libc.so.6", {
  ptrace: { parameters: ["i32", "i32", "i64", "i64"], result: "i64" },
  ptraceInto: { name: "ptrace", parameters: ["i32", "i32", "i64", "buffer"], result: "i64" },
  waitpid: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  kill: { parameters: ["i32", "i32"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
});

const status = new Int32Array(1);
const info = new DataView(new ArrayBuffer(INFO_BYTES));

/** True if it worked; it does not on a thread that has been killed meanwhile. */
function ptrace(request: number, thread: number, address: number, data: number): boolean {
  return libc.ptrace(request, thread, BigInt(address), BigInt(data)) === 0n;
}

function errno(): number {
  return new Deno.UnsafePointerView(libc.__errno_location()!).getInt32();
}

export function kill(process: number, signal: number): void {
  libc.kill(process, signal);
}

/** Takes hold of a child that has stopped itself; all that it starts is held too, and dies with this process. */
export function seizeStopped(child: number): void {
  while (libc.waitpid(child, status, WUNTRACED) < 0 && errno() === EINTR);
  if ((status[0] & 0xff) !== 0x7f) throw new Error(`process ${child} ended before it could be traced`);
  if (!ptrace(SEIZE, child, 0, TRACE_EVERYTHING | EXITKILL)) {
    throw new Error(`ptrace(SEIZE) failed with errno ${errno()}`);
  }
  kill(child, SIGNAL.cont);
}

/** Waits until any thread stops or ends. */
export function nextStop(): Stop {
  let thread: number;
  while ((thread = libc.waitpid(-1, status, WALL)) < 0) {
    const code = errno();
    if (code !== EINTR) throw new Error(`waitpid failed with errno ${code}`);
  }
  const [word] = status;
  if ((word & 0xff) !== 0x7f) {
    const signal = word & 0x7f;
    return { kind: "gone", thread, code: signal === 0 ? (word >> 8) & 0xff : 128 + signal };
  }
  const signal = (word >> 8) & 0xff;
  const event = word >> 16;
  if (signal === (SIGTRAP | 0x80)) return { kind: "call", thread };
  if (event === EVENT_STOP && STOP_SIGNALS.includes(signal)) return { kind: "group", thread };
  return { kind: "other", thread, signal: event === 0 ? signal : 0 };
}

/** Lets a thread run until its next call, or the end of the one it is in. */
export function resume(thread: number, signal = 0): void {
  ptrace(SYSCALL, thread, 0, signal);
}

/** Leaves a stopped thread stopped until SIGCONT. */
export function listen(thread: number): void {
  ptrace(LISTEN, thread, 0, 0);
}

/** The call at which the thread stands; undefined if it has just been killed. */
export function callInfo(thread: number): CallInfo | undefined {
  if (libc.ptraceInto(GET_SYSCALL_INFO, thread, BigInt(INFO_BYTES), info) <= 0n) return undefined;
  if (info.getUint8(0) !== INFO_ENTRY) return { entering: false, number: -1, args: [] };
  const args = Array.from({ length: 6 }, (_, i) => info.getBigUint64(32 + 8 * i, true));
  return { entering: true, number: Number(info.getBigUint64(24, true)), args };
}

/** Sets a register, see {@link REGISTER}. */
export function poke(thread: number, register: number, value: number): void {
  ptrace(POKEUSER, thread, register, value);
}

/** Bytes of the memory that a stopped thread sees; fewer if not all are there. */
export function readMemory(thread: number, address: bigint, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  using file = Deno.openSync(`/proc/${thread}/mem`, { read: true });
  file.seekSync(address, Deno.SeekMode.Start);
  return bytes.subarray(0, file.readSync(bytes) ?? 0);
}

export function writeMemory(thread: number, address: bigint, bytes: Uint8Array): void {
  using file = Deno.openSync(`/proc/${thread}/mem`, { write: true });
  file.seekSync(address, Deno.SeekMode.Start);
  file.writeSync(bytes);
}

const PATH_BYTES = 4096;

/** A path: bytes up to a zero. */
export function readPath(thread: number, address: bigint): string {
  const bytes = readMemory(thread, address, PATH_BYTES);
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}
