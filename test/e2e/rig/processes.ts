/** Other processes of this machine, from /proc; proc_pid_stat(5), proc_tid_children(5). */

/** The relay that a process has started, once it is the program that it was to become. */
export function relayOf(pid: number): number | undefined {
  const children = read(`/proc/${pid}/task/${pid}/children`).trim().split(" ").map(Number);
  return children.find((child) => read(`/proc/${child}/cmdline`).includes("\0run\0"));
}

/** Is it there, and no zombie? */
export function isAlive(pid: number): boolean {
  return !/^$|\) Z /.test(read(`/proc/${pid}/stat`));
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch { // it is gone
    return "";
  }
}
