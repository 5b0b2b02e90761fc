/** State and processor time of a process, from /proc/PID/stat; proc_pid_stat(5). */

export interface ProcessStat {
  /** The program's name, at most 15 bytes of it. */
  readonly name: string;
  /** R running, S sleeping, D waiting for a disk, T stopped, t stopped by a debugger, Z ended. */
  readonly state: string;
  /** Processor time of all its threads since it started, in ms. */
  readonly cpuMs: number;
}

/** The unit of times in /proc is 1/100 s on every machine that this runs on (USER_HZ). */
const TICK_MS = 10;

/** Undefined if the text is something else. */
export function parseProcessStat(text: string): ProcessStat | undefined {
  // The name may contain blanks and brackets, so the last bracket is its end.
  const parts = /^\d+ \((.*)\) ([A-Za-z]) (.*)$/s.exec(text);
  if (parts === null) return undefined;
  const [, name, state, rest] = parts;
  const fields = rest.trim().split(" "); // the first is ppid, the fourth field of the file
  const [user, system] = [Number(fields[10]), Number(fields[11])];
  if (!Number.isFinite(user + system)) return undefined;
  return { name, state, cpuMs: (user + system) * TICK_MS };
}
