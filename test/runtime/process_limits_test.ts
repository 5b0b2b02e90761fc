/** The memory limit as files of /proc and of cgroups of both versions give it. */
import { memoryLimit } from "../../src/runtime/process_limits.ts";
import { assertEquals } from "../support/assert.ts";

const MIB = 1024 * 1024;
const MEMINFO = { "/proc/meminfo": `MemTotal:       ${4096 * 1024} kB\nMemFree: 12 kB\n` };

/** What is found where these files are all there is. */
async function limitOf(files: Readonly<Record<string, string>>) {
  const found = await memoryLimit((path) => path in files ? Promise.resolve(files[path]) : Promise.reject(new Error()));
  return found && `${found.bytes / MIB} MiB: ${found.by}`;
}

const CASES: readonly [string, Readonly<Record<string, string>>, string | undefined][] = [
  ["no /proc", {}, undefined],
  ["no cgroup", MEMINFO, "4096 MiB: the memory of this machine"],
  ["version 2", {
    ...MEMINFO,
    "/proc/self/cgroup": "0::/system.slice/spillway.service\n",
    "/sys/fs/cgroup/system.slice/spillway.service/memory.max": `${64 * MIB}\n`,
  }, "64 MiB: /sys/fs/cgroup/system.slice/spillway.service/memory.max"],
  ["version 2, no limit of its own, one above it", {
    ...MEMINFO,
    "/proc/self/cgroup": "0::/pod/one\n",
    "/sys/fs/cgroup/pod/one/memory.max": "max\n",
    "/sys/fs/cgroup/pod/memory.max": `${128 * MIB}\n`,
  }, "128 MiB: /sys/fs/cgroup/pod/memory.max"],
  ["version 2 in a container of its own namespace", {
    ...MEMINFO,
    "/proc/self/cgroup": "0::/\n",
    "/sys/fs/cgroup/memory.max": `${64 * MIB}\n`,
  }, "64 MiB: /sys/fs/cgroup/memory.max"],
  ["version 1 in a container that sees the host's path", {
    ...MEMINFO,
    "/proc/self/cgroup": "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/\n",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes": `${64 * MIB}\n`,
  }, "64 MiB: /sys/fs/cgroup/memory/memory.limit_in_bytes"],
  ["version 1 without a limit", {
    ...MEMINFO,
    "/proc/self/cgroup": "4:memory:/a\n",
    "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "9223372036854771712\n",
  }, "4096 MiB: the memory of this machine"],
  ["a limit beyond the machine's memory", {
    ...MEMINFO,
    "/proc/self/cgroup": "0::/a\n",
    "/sys/fs/cgroup/a/memory.max": `${64 * 1024 * MIB}\n`,
  }, "4096 MiB: the memory of this machine"],
];

for (const [what, files, expected] of CASES) {
  Deno.test(`the memory that a process may take: ${what}`, async () => assertEquals(await limitOf(files), expected));
}
