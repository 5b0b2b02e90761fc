/** What was seen of some connections over a few seconds: plain data, so that a verdict can be repeated from a file. */
import type { Counters } from "./proc/counters.ts";
import type { ProcessStat } from "./proc/process_stat.ts";
import type { SocketStatistics } from "./proc/socket_statistics.ts";
import { hostOf, portOf, type SocketRow, TCP_STATE } from "./proc/tcp_table.ts";

/** What to look at: connections one of whose ends has this port, and this address if any are named. */
export interface Subject {
  /** As the user named it. */
  readonly name: string;
  readonly port: number;
  /** Empty: any. */
  readonly hosts: readonly string[];
}

/** A listener has the port whatever its address, which often is that of every one. */
export function concerns({ port, hosts }: Subject, { local, remote, state }: SocketRow): boolean {
  if (state === TCP_STATE.listen) return portOf(local) === port;
  return [local, remote].some((end) => portOf(end) === port && (hosts.length === 0 || hosts.includes(hostOf(end))));
}

export interface Sample {
  /** Since the first sample. */
  readonly ms: number;
  readonly sockets: readonly SocketRow[];
  /** By process id: those that own one of the sockets. */
  readonly processes: Readonly<Record<string, ProcessStat>>;
  /** Where `ss` was asked at this sample. */
  readonly statistics?: readonly SocketStatistics[];
}

export interface Owner {
  readonly pid: number;
  readonly name: string;
  /** The function of the kernel in which it slept at the end; undefined where that is not told. */
  readonly waitsIn?: string;
}

export interface Series {
  readonly subjects: readonly Subject[];
  readonly samples: readonly Sample[];
  /** By the inode of the socket. */
  readonly owners: Readonly<Record<string, Owner>>;
  /** Growth of the kernel's counters from the first sample to the last; of the whole network namespace. */
  readonly counters: Counters;
  /** The largest buffers that the kernel makes by itself, in bytes (tcp_rmem, tcp_wmem; tcp(7)). */
  readonly receiveBufferMax?: number;
  readonly sendBufferMax?: number;
  /** What could not be seen, a sentence each. */
  readonly unseen: readonly string[];
}
