/** Which process holds a flock(2), without trying to take it: a test that took it could keep a daemon from starting. */
import { readFile, stat } from "node:fs/promises";

/** The process id of the holder; undefined if there is none, and on systems other than Linux, which has /proc/locks. */
export async function flockHolder(path: string): Promise<number | undefined> {
  try {
    const { ino } = await stat(path);
    for (const line of (await readFile("/proc/locks", "utf8")).split("\n")) {
      const held = /^\d+: FLOCK\s+ADVISORY\s+WRITE\s+(\d+)\s+[0-9a-f]+:[0-9a-f]+:(\d+)\s/.exec(line);
      if (held !== null && Number(held[2]) === ino) return Number(held[1]);
    }
    return undefined;
  } catch { // no such file, no such system
    return undefined;
  }
}
