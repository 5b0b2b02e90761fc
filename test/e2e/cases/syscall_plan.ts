/** Which system calls go wrong, how, and in which run of the relay. */
import type { CallKind } from "../rig/inject/calls.ts";
import type { CallFault, Fault } from "../rig/injection.ts";
import type { SyscallSetting } from "./syscall_fault.ts";

const EIO = 5;
const ENOSPC = 28;

export type FaultName = "kill" | "tear" | "EIO" | "ENOSPC" | "EIO for a while" | "ENOSPC for a while";

export const FAULTS: Readonly<Record<FaultName, Fault>> = {
  kill: { do: "kill" },
  tear: { do: "tear" },
  EIO: { do: "fail", errno: EIO, times: 1 },
  ENOSPC: { do: "fail", errno: ENOSPC, times: 1 },
  "EIO for a while": { do: "fail", errno: EIO, times: 0 },
  "ENOSPC for a while": { do: "fail", errno: ENOSPC, times: 0 },
};

export const FAULT_NAMES = Object.keys(FAULTS) as FaultName[];

export interface Variety extends Omit<SyscallSetting, "runtime"> {
  readonly name: string;
  readonly provocation?: CallFault;
}

/** Syncs that fail make the relay write frames a second time, and rename files into place. */
const FAILED_SYNCS: CallFault = { kind: "fdatasync", nth: 3, fault: { do: "fail", errno: EIO, times: 3 } };

export const VARIETIES: readonly Variety[] = [
  { name: "os", sync: "os" },
  { name: "each", sync: "each" },
  { name: "os, late", sync: "os", consumerLate: true },
  { name: "interval, late", sync: "interval", consumerLate: true },
  { name: "each, syncs failed", sync: "each", provocation: FAILED_SYNCS },
  { name: "interval, syncs failed, late", sync: "interval", consumerLate: true, provocation: FAILED_SYNCS },
];

export interface Sample {
  readonly variety: string;
  readonly kind: CallKind;
  readonly fault: FaultName;
  readonly nth: number;
}

/** A few of each for the gate; the soak has all. */
export const SAMPLES: readonly Sample[] = [
  ...sample("each", "kill", {
    write: [2, 9, 25],
    fsync: [2],
    fdatasync: [4, 20],
    unlink: [1, 3],
    open: [9],
    ftruncate: [2],
  }),
  ...sample("os, late", "tear", { write: [4, 12, 25] }),
  ...sample("each", "EIO", { write: [12], fsync: [3], fdatasync: [5], unlink: [2], open: [16] }),
  ...sample("os", "ENOSPC for a while", { write: [10], open: [18] }),
  ...sample("interval, late", "EIO for a while", { fdatasync: [4] }),
  ...sample("each, syncs failed", "kill", { rename: [2] }),
  ...sample("interval, syncs failed, late", "kill", { rename: [2] }),
];

function sample(variety: string, fault: FaultName, calls: Partial<Record<CallKind, number[]>>): Sample[] {
  return Object.entries(calls).flatMap(([kind, nths]) =>
    nths.map((nth) => ({ variety, fault, kind: kind as CallKind, nth }))
  );
}
