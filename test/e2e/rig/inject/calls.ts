/** The system calls that change files, on x86-64: their numbers, and which file a call is about. */
import { type CallInfo, readPath } from "./ptrace.ts";

/** What a call does, whatever variant of it a runtime uses. */
export type CallKind = "write" | "fsync" | "fdatasync" | "rename" | "unlink" | "ftruncate" | "open";

export const CALL_KINDS: readonly CallKind[] = [
  "write",
  "fsync",
  "fdatasync",
  "rename",
  "unlink",
  "ftruncate",
  "open",
];

export interface KnownCall {
  readonly name: string;
  readonly kind: CallKind;
  /** Which arguments name a file: by descriptor, or by paths. */
  readonly descriptor?: number;
  readonly paths?: readonly number[];
  /** Its third argument counts bytes, or parts of an iovec. */
  readonly unit?: "bytes" | "parts";
}

/** By number; asm/unistd_64.h. */
const CALLS: ReadonlyMap<number, KnownCall> = new Map<number, KnownCall>([
  [1, { name: "write", kind: "write", descriptor: 0, unit: "bytes" }],
  [18, { name: "pwrite64", kind: "write", descriptor: 0, unit: "bytes" }],
  [20, { name: "writev", kind: "write", descriptor: 0, unit: "parts" }],
  [296, { name: "pwritev", kind: "write", descriptor: 0, unit: "parts" }],
  [328, { name: "pwritev2", kind: "write", descriptor: 0, unit: "parts" }],
  [74, { name: "fsync", kind: "fsync", descriptor: 0 }],
  [75, { name: "fdatasync", kind: "fdatasync", descriptor: 0 }],
  [82, { name: "rename", kind: "rename", paths: [0, 1] }],
  [264, { name: "renameat", kind: "rename", paths: [1, 3] }],
  [316, { name: "renameat2", kind: "rename", paths: [1, 3] }],
  [87, { name: "unlink", kind: "unlink", paths: [0] }],
  [263, { name: "unlinkat", kind: "unlink", paths: [1] }],
  [77, { name: "ftruncate", kind: "ftruncate", descriptor: 0 }],
  [2, { name: "open", kind: "open", paths: [0] }],
  [257, { name: "openat", kind: "open", paths: [1] }],
  [437, { name: "openat2", kind: "open", paths: [1] }],
]);

export function knownCall(info: CallInfo): KnownCall | undefined {
  return CALLS.get(info.number);
}

/** The files that a thread's call is about. */
export function pathsOf(call: KnownCall, args: readonly bigint[], thread: number): string[] {
  if (call.paths !== undefined) return call.paths.map((index) => readPath(thread, args[index]));
  try {
    return [Deno.readLinkSync(`/proc/${thread}/fd/${Number(args[call.descriptor!])}`)];
  } catch {
    return []; // no such descriptor: the call will say so itself
  }
}
