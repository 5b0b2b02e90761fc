/** Records a series: looks at the connections again and again, and at what else tells who is slow. */
import type { Clock } from "../base/clock.ts";
import { SpillwayError } from "../base/error.ts";
import type { Counters } from "./proc/counters.ts";
import type { ProcessStat } from "./proc/process_stat.ts";
import type { SocketStatistics } from "./proc/socket_statistics.ts";
import { type SocketRow, TCP_STATE } from "./proc/tcp_table.ts";
import {
  askSocketStatistics,
  findOwners,
  readBufferMax,
  readCounters,
  readProcess,
  readSockets,
  readWaitsIn,
} from "./read_proc.ts";
import { concerns, type Owner, type Sample, type Series, type Subject } from "./series.ts";

const EVERY_MS = 100;
/** `ss` is a process of its own, and all of /proc is read for the owners: not at every sample. */
const STATISTICS_EVERY = 5;

/** Looks every 100 ms for `seconds`. Rejects with a SpillwayError on a system without /proc/net/tcp. */
export async function record(subjects: readonly Subject[], seconds: number, clock: Clock): Promise<Series> {
  const before = await readCounters();
  const owners: Record<string, Owner> = {};
  const searched = new Set<number>();
  const samples: Sample[] = [];
  const ports = subjects.map(({ port }) => port);
  const startMs = clock.monotonicMs();
  const endMs = startMs + seconds * 1000;
  let hasStatistics = true;
  for (let isLast = false; !isLast;) {
    isLast = clock.monotonicMs() >= endMs;
    const sockets = await socketsOf(subjects);
    let statistics: SocketStatistics[] | undefined;
    if (isLast || samples.length % STATISTICS_EVERY === 0) {
      if (hasStatistics) statistics = await askSocketStatistics(ports);
      hasStatistics = statistics !== undefined;
      // Only connections that came since the last time: those of other users would be looked for in vain again.
      const fresh = new Set(sockets.map(({ inode }) => inode).filter((inode) => inode !== 0 && !searched.has(inode)));
      Object.assign(owners, await findOwners(fresh));
      for (const inode of fresh) searched.add(inode);
    }
    const processes = await processesOf(sockets, owners);
    samples.push({ ms: Math.round(clock.monotonicMs() - startMs), sockets, processes, statistics });
    if (!isLast) await clock.sleep(Math.min(EVERY_MS, Math.max(0, endMs - clock.monotonicMs())));
  }
  const sleepers = await withPlaces(owners);
  return {
    subjects,
    samples,
    owners: sleepers,
    counters: growth(before, await readCounters()),
    receiveBufferMax: await readBufferMax("tcp_rmem"),
    sendBufferMax: await readBufferMax("tcp_wmem"),
    unseen: unseen(samples, sleepers, hasStatistics),
  };
}

async function socketsOf(subjects: readonly Subject[]): Promise<SocketRow[]> {
  const rows = await readSockets();
  if (rows === undefined) {
    throw new SpillwayError("/proc/net/tcp cannot be read: found no such file, expected a Linux with /proc", {
      hint: "run it on the machine that has one of the connection's ends",
    });
  }
  const lasting: readonly number[] = Object.values(TCP_STATE);
  return rows.filter((row) => lasting.includes(row.state) && subjects.some((subject) => concerns(subject, row)));
}

async function processesOf(
  sockets: readonly SocketRow[],
  owners: Readonly<Record<string, Owner>>,
): Promise<Record<string, ProcessStat>> {
  const found: Record<string, ProcessStat> = {};
  for (const pid of new Set(sockets.flatMap(({ inode }) => owners[inode]?.pid ?? []))) {
    const stat = await readProcess(pid);
    if (stat !== undefined) found[pid] = stat;
  }
  return found;
}

async function withPlaces(owners: Readonly<Record<string, Owner>>): Promise<Record<string, Owner>> {
  const placed = Object.entries(owners).map(async ([inode, owner]) => {
    const waitsIn = await readWaitsIn(owner.pid);
    return [inode, waitsIn === undefined ? owner : { ...owner, waitsIn }] as const;
  });
  return Object.fromEntries(await Promise.all(placed));
}

function growth(before: Counters, after: Counters): Counters {
  return Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? value)]));
}

function unseen(
  samples: readonly Sample[],
  owners: Readonly<Record<string, Owner>>,
  hasStatistics: boolean,
): string[] {
  const sockets = new Map(samples.flatMap((sample) => sample.sockets).map((row) => [row.inode, row]));
  sockets.delete(0);
  const strangers = [...sockets.values()].filter(({ inode }) => owners[inode] === undefined);
  const users = [...new Set(strangers.map(({ uid }) => uid))].join(", ");
  return [
    ...strangers.length > 0
      ? [`the program of ${strangers.length} of the sockets, of uid ${users}: root sees the processes of other users`]
      : [],
    ...hasStatistics ? [] : ["round trips, rates and losses of each connection: there is no ss of iproute2 here"],
  ];
}
