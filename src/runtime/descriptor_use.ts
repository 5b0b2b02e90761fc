/** How many descriptors this process has open, and how many it may have. */
import { readdir, readFile } from "node:fs/promises";

export interface DescriptorUse {
  /** RLIMIT_NOFILE; Infinity on systems that do not tell (/proc of Linux). */
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
