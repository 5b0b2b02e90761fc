/** What Linux lets this process use: memory, and open files. */
import { readdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";

export interface MemoryLimit {
  readonly bytes: number;
  /** What sets it, for a message. */
  readonly by: string;
}

/** Reads a file of /proc or /sys; rejects where there is none. */
export type ReadText = (path: string) => Promise<string>;

/**
 * How much memory this process may take before the kernel ends it: the smallest
 * of the machine's memory and the limits of its cgroups. Undefined on systems
 * other than Linux. Never rejects.
 */
export async function memoryLimit(read: ReadText = (path) => readFile(path, "utf8")): Promise<MemoryLimit | undefined> {
  const limits = [...await machine(read), ...await cgroups(read)];
  return limits.reduce<MemoryLimit | undefined>(
    (least, each) => least === undefined || each.bytes < least.bytes ? each : least,
    undefined,
  );
}

async function machine(read: ReadText): Promise<MemoryLimit[]> {
  const [, kib] = /^MemTotal: +(\d+) kB/m.exec(await read("/proc/meminfo").catch(() => "")) ?? [];
  return kib === undefined ? [] : [{ bytes: Number(kib) * 1024, by: "the memory of this machine" }];
}

/** cgroups(7): a line for each hierarchy, `4:memory:/path` of version 1, `0::/path` of version 2. */
async function cgroups(read: ReadText): Promise<MemoryLimit[]> {
  const limits: MemoryLimit[] = [];
  for (const line of (await read("/proc/self/cgroup").catch(() => "")).split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    const isV2 = controllers === "";
    if (!isV2 && !controllers.split(",").includes("memory")) continue;
    const root = isV2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    const name = isV2 ? "memory.max" : "memory.limit_in_bytes";
    // Its parents limit it too. In a container the path may be one of the host's, of which only the root is visible.
    for (let at = path;; at = dirname(at)) {
      const file = `${root}${at === "/" ? "" : at}/${name}`;
      const text = (await read(file).catch(() => "")).trim();
      // `max` is no limit; version 1 has a number beyond any memory then.
      if (/^\d+$/.test(text)) limits.push({ bytes: Number(text), by: file });
      if (at === "/") break;
    }
  }
  return limits;
}

/** Open files and other descriptors of this process. */
export interface DescriptorUse {
  /** RLIMIT_NOFILE; Infinity on systems without /proc. */
  readonly limit: number;
  readonly open: number;
}

/** Never rejects. */
export async function descriptorUse(): Promise<DescriptorUse> {
  try {
    const [, limit] = /^Max open files +(\d+)/m.exec(await readFile("/proc/self/limits", "utf8")) ?? [];
    const { length: open } = await readdir("/proc/self/fd");
    return { limit: limit === undefined ? Infinity : Number(limit), open };
  } catch {
    return { limit: Infinity, open: 0 };
  }
}
