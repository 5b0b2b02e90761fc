/**
 * A series seen as flows: the two directions of each connection, with what was
 * measured at the end that sends and at the end that receives. Either end may
 * be on another machine; both are here where the connection does not leave it.
 */
import { type SocketRow, TCP_STATE, TCP_TIMER } from "./proc/tcp_table.ts";
import type { SocketStatistics } from "./proc/socket_statistics.ts";
import type { Owner, Sample, Series } from "./series.ts";

/** The program at an end, over the series. */
export interface Program extends Owner {
  /** Processor time of it, as a share of one processor. */
  readonly cpuShare: number;
  /** Shares of the samples in which it was in a state; see ProcessStat. */
  readonly states: Readonly<Record<string, number>>;
}

/** One end of a connection that is on this machine. */
export interface End {
  readonly program?: Program;
  /** A value for each sample in which the connection was there. */
  readonly rows: readonly SocketRow[];
  /** What was said of it first and last. */
  readonly first?: SocketStatistics;
  readonly last?: SocketStatistics;
  /** The largest window of the peer that was seen, in bytes. */
  readonly peerWindow?: number;
}

export interface Flow {
  /** Names of its ends. */
  readonly from: string;
  readonly to: string;
  readonly sender?: End;
  readonly receiver?: End;
  /** For how long it was seen. */
  readonly seconds: number;
  /** Bytes that reached the receiver's kernel in that time; undefined without `ss`. */
  readonly bytes?: number;
}

/** What was seen of one end. */
interface Seen {
  readonly rows: SocketRow[];
  readonly samples: Sample[];
  readonly said: SocketStatistics[];
}

/** Both directions of every connection that was there in two samples or more. */
export function flowsOf(series: Series): Flow[] {
  const flows: Flow[] = [];
  const all = seenIn(series);
  const ends = new Map([...all].map(([key, seen]) => [key, endOf(series, seen)]));
  for (const [key, { samples }] of all) {
    const end = ends.get(key)!;
    const [{ local, remote }] = end.rows;
    const seconds = (samples.at(-1)!.ms - samples[0].ms) / 1000;
    const other = ends.get(keyOf(remote, local));
    flows.push(flowOf(local, remote, seconds, end, other));
    if (other === undefined) flows.push(flowOf(remote, local, seconds, undefined, end));
  }
  return flows;
}

/** By the names of the two ends, this one first. */
function seenIn(series: Series): Map<string, Seen> {
  const ends = new Map<string, Seen>();
  for (const sample of series.samples) {
    for (const row of sample.sockets) {
      if (row.state === TCP_STATE.listen) continue;
      const key = keyOf(row.local, row.remote);
      if (!ends.has(key)) ends.set(key, { rows: [], samples: [], said: [] });
      const seen = ends.get(key)!;
      seen.rows.push(row);
      seen.samples.push(sample);
    }
    for (const each of sample.statistics ?? []) ends.get(keyOf(each.local, each.remote))?.said.push(each);
  }
  return new Map([...ends].filter(([, { rows }]) => rows.length >= 2));
}

function keyOf(local: string, remote: string): string {
  return `${local} ${remote}`;
}

function flowOf(from: string, to: string, seconds: number, sender: End | undefined, receiver: End | undefined): Flow {
  const acked = grown(sender, "bytesAcked");
  return { from, to, seconds, sender, receiver, bytes: grown(receiver, "bytesReceived") ?? acked };
}

function endOf(series: Series, { rows, samples, said }: Seen): End {
  const owner = rows.map(({ inode }) => series.owners[inode]).find((each) => each !== undefined);
  const windows = said.flatMap(({ peerWindow }) => peerWindow ?? []);
  return {
    rows,
    program: owner && programOf(owner, samples),
    first: said[0],
    last: said.at(-1),
    peerWindow: windows.length === 0 ? undefined : Math.max(...windows),
  };
}

function programOf(owner: Owner, samples: readonly Sample[]): Program {
  const seen = samples.flatMap(({ ms, processes }) => {
    const stat = processes[owner.pid];
    return stat === undefined ? [] : [{ ms, ...stat }];
  });
  const states: Record<string, number> = {};
  for (const { state } of seen) states[state] = (states[state] ?? 0) + 1 / seen.length;
  const [first, last] = [seen[0], seen.at(-1)];
  const elapsedMs = first === undefined || last === undefined ? 0 : last.ms - first.ms;
  return { ...owner, states, cpuShare: elapsedMs > 0 ? (last!.cpuMs - first.cpuMs) / elapsedMs : 0 };
}

type Sum =
  | "bytesAcked"
  | "bytesReceived"
  | "bytesSent"
  | "bytesRetransmitted"
  | "retransmissions"
  | "busyMs"
  | "windowLimitedMs"
  | "bufferLimitedMs";

/** By how much a sum of `ss` has grown; a sum that is nought is not printed. Undefined without two answers of `ss`. */
export function grown(end: End | undefined, sum: Sum): number | undefined {
  if (end?.first === undefined || end.last === undefined || end.first === end.last) return undefined;
  return (end.last[sum] ?? 0) - (end.first[sum] ?? 0);
}

/** The share of the series in which a sum of ms grew. */
export function shareOf({ sender, seconds }: Flow, sum: "busyMs" | "windowLimitedMs" | "bufferLimitedMs"): number {
  return seconds > 0 ? Math.min(1, (grown(sender, sum) ?? 0) / (seconds * 1000)) : 0;
}

/** The share of an end's samples for which something is so; 0 where the end is not here. */
export function shareOfRows(end: End | undefined, isSo: (row: SocketRow) => boolean): number {
  return end === undefined ? 0 : end.rows.filter(isSo).length / end.rows.length;
}

/** The share of samples in which the receiver's window was closed and the sender's kernel asked again and again for room. */
export function closedShare({ sender }: Flow): number {
  return shareOfRows(sender, isClosed);
}

export function isClosed({ timer }: SocketRow): boolean {
  return timer === TCP_TIMER.probe;
}

/** Did anything move, or wait to be moved, in this direction? */
export function isUsed({ sender, receiver, bytes }: Flow): boolean {
  return (bytes ?? 0) > 0 || shareOfRows(sender, ({ sendQueue }) => sendQueue > 0) > 0 ||
    shareOfRows(receiver, ({ receiveQueue }) => receiveQueue > 0) > 0;
}
