/** Memory and CPU time of a process, from /proc; proc_pid_status(5), proc_pid_stat(5). */

export interface Memory {
  readonly residentBytes: number;
  /** The most that was ever resident. */
  readonly peakBytes: number;
}

/** Undefined once the process is gone. */
export function memoryOf(pid: number): Memory | undefined {
  const status = readOf(pid, "status");
  const field = (name: string) => Number(status?.match(new RegExp(`^${name}:\\s+(\\d+) kB`, "m"))?.[1] ?? NaN) * 1024;
  const residentBytes = field("VmRSS");
  return Number.isNaN(residentBytes) ? undefined : { residentBytes, peakBytes: field("VmHWM") };
}

/** USER_HZ, fixed at 100 on Linux: the resolution is 10 ms. */
const TICKS_PER_SECOND = 100;

/** User and system time of all threads, in seconds; undefined once the process is gone. */
export function cpuSecondsOf(pid: number): number | undefined {
  const stat = readOf(pid, "stat");
  if (stat === undefined) return undefined;
  // The command in parentheses may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function readOf(pid: number, file: string): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/${file}`);
  } catch {
    return undefined;
  }
}
