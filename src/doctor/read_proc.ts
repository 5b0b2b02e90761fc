/** Reads this machine's /proc and asks `ss`. What cannot be read is undefined: a doctor without root sees less, and says so. */
import { execFile } from "node:child_process";
import { readdir, readFile, readlink } from "node:fs/promises";
import { type Counters, parseCounters } from "./proc/counters.ts";
import { parseProcessStat, type ProcessStat } from "./proc/process_stat.ts";
import { parseSocketStatistics, type SocketStatistics } from "./proc/socket_statistics.ts";
import { parseTcpTable, type SocketRow } from "./proc/tcp_table.ts";
import type { Owner } from "./series.ts";

/** Undefined where there is no such file, or it may not be read. */
async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return undefined;
  }
}

/** All TCP sockets of this network namespace; undefined where the system has no /proc/net/tcp. */
export async function readSockets(): Promise<SocketRow[] | undefined> {
  const [four, six] = await Promise.all([textOf("/proc/net/tcp"), textOf("/proc/net/tcp6")]);
  return four === undefined ? undefined : parseTcpTable(`${four}${six ?? ""}`);
}

export async function readCounters(): Promise<Counters> {
  const texts = await Promise.all([textOf("/proc/net/netstat"), textOf("/proc/net/snmp")]);
  return parseCounters(texts.map((text) => text ?? "").join("\n"));
}

export async function readProcess(pid: number): Promise<ProcessStat | undefined> {
  return parseProcessStat(await textOf(`/proc/${pid}/stat`) ?? "");
}

/** The third number of tcp_rmem or tcp_wmem: the largest buffer in bytes that the kernel makes by itself. */
export async function readBufferMax(name: "tcp_rmem" | "tcp_wmem"): Promise<number | undefined> {
  const largest = Number((await textOf(`/proc/sys/net/ipv4/${name}`))?.trim().split(/\s+/)[2]);
  return largest > 0 ? largest : undefined;
}

/** The function of the kernel that a process sleeps in; undefined where it runs, or that may not be known. */
export async function readWaitsIn(pid: number): Promise<string | undefined> {
  const name = (await textOf(`/proc/${pid}/wchan`))?.trim();
  return name === undefined || name === "" || name === "0" ? undefined : name;
}

/** The process that has each of these sockets open; of several the first. Sockets of other users' processes are found by root alone. */
export async function findOwners(inodes: ReadonlySet<number>): Promise<Record<string, Owner>> {
  const owners: Record<string, Owner> = {};
  if (inodes.size === 0) return owners;
  for (const entry of await readdir("/proc").catch(() => [])) {
    if (!/^\d+$/.test(entry)) continue;
    for (const inode of await socketsOf(entry)) {
      if (!inodes.has(inode) || owners[inode] !== undefined) continue;
      owners[inode] = { pid: Number(entry), name: (await readProcess(Number(entry)))?.name ?? "?" };
    }
  }
  return owners;
}

async function socketsOf(pid: string): Promise<number[]> {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const targets = await Promise.all(descriptors.map((each) => readlink(`/proc/${pid}/fd/${each}`).catch(() => "")));
  return targets.flatMap((target) => {
    const socket = /^socket:\[(\d+)\]$/.exec(target);
    return socket === null ? [] : [Number(socket[1])];
  });
}

/** How long `ss` may take, in ms; with a hundred thousand sockets it takes about a second. */
const SS_TIMEOUT_MS = 3000;
const SS_BYTES_MAX = 64 * 1024 * 1024;

/** What `ss` says of the connections with these ports; undefined where there is no `ss` that can be used. */
export function askSocketStatistics(ports: readonly number[]): Promise<SocketStatistics[] | undefined> {
  const filter = ports.map((port) => `sport = :${port} or dport = :${port}`).join(" or ");
  const options = { timeout: SS_TIMEOUT_MS, maxBuffer: SS_BYTES_MAX };
  return new Promise((resolve) => {
    execFile("ss", ["-tinHO", "state", "connected", `( ${filter} )`], options, (error, output) => {
      resolve(error === null ? parseSocketStatistics(output) : undefined);
    });
  });
}

/** __SO_ACCEPTCON in the flags of /proc/net/unix: a listening socket. */
const ACCEPTS = 0x10000;

/** Absolute paths of the unix sockets on which these processes listen. */
export async function listeningPaths(pids: ReadonlySet<number>): Promise<string[]> {
  const paths = new Map<number, string>();
  for (const line of (await textOf("/proc/net/unix") ?? "").split("\n")) {
    const [, , , flags, , , inode, path] = line.trim().split(/\s+/);
    if (path?.startsWith("/") && (parseInt(flags, 16) & ACCEPTS) !== 0) paths.set(Number(inode), path);
  }
  const owners = await findOwners(new Set(paths.keys()));
  return [...paths].flatMap(([inode, path]) => pids.has(owners[inode]?.pid) ? [path] : []);
}
