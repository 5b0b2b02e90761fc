/** What is told of a captured connection: plain data, in the words of `doctor --json`. Times are ISO 8601, in UTC. */
import type { Connection, Ending } from "./connection.ts";
import { type End, scaleOf } from "./end.ts";

export interface ConnectionReport {
  /** When its first packet was captured. */
  readonly began: string;
  /** From the first packet to the last. */
  readonly seconds: number;
  /** Who sent the SYN; null if it began before the capture. */
  readonly opened_by: string | null;
  /** Null if it had not ended when the capture did. */
  readonly ended: EndingReport | null;
  readonly ends: readonly EndReport[];
}

export interface EndingReport {
  /** `reset`: before both ends had closed it. */
  readonly kind: "reset" | "closed";
  readonly by: string;
  readonly time: string;
  /** The last time before that a window was closed; null if none ever was. */
  readonly stall: {
    /** Whose window it was. */
    readonly of: string;
    readonly seconds_since_begin: number;
    /** Null: the window was closed still. */
    readonly seconds_since_end: number | null;
  } | null;
}

export interface EndReport {
  readonly address: string;
  readonly packets: number;
  /** Of data that it sent, each byte once. */
  readonly bytes: number;
  readonly retransmissions: number;
  readonly retransmitted_bytes: number;
  /** Segments that others overtook on their way. */
  readonly reordered: number;
  /** Keep-alives and probes of the other end's closed window. */
  readonly probes: number;
  /** Packets that were captured twice, on two interfaces. */
  readonly copies: number;
  /** Bytes that it sent and the capture has not. */
  readonly unseen_bytes: number;
  /** Segments that advertise a window of zero; as many as Wireshark's tcp.analysis.zero_window. */
  readonly zero_window_segments: number;
  /** Each from the segment that closes the window to the one that opens it. */
  readonly zero_windows: {
    readonly count: number;
    readonly seconds: number;
    readonly longest_seconds: number;
    readonly longest_began: string | null;
    readonly last_began: string | null;
    /** Was it closed when connection or capture ended? */
    readonly closed_at_end: boolean;
  };
  /** Null if it advertised none. */
  readonly window: WindowReport | null;
}

/** The window that an end advertised for what it receives. */
export interface WindowReport {
  /** The shift of its SYN's window scale option; null if the capture does not tell: then what follows is not scaled. */
  readonly scale: number | null;
  readonly largest: number;
  readonly smallest: number;
  /** Time that each value stands for. */
  readonly bucket_seconds: number;
  readonly mean: readonly number[];
  /** For how much of the time it was closed, from 0 to 1. */
  readonly closed_share: readonly number[];
}

export function connectionReport(connection: Connection): ConnectionReport {
  const { ends: [a, b], firstUs, lastUs, opener, ending } = connection;
  return {
    began: isoUs(firstUs),
    seconds: secondsOf(lastUs - firstUs),
    opened_by: opener?.name ?? null,
    ended: ending === undefined ? null : endingReport(ending),
    ends: [endReport(a, b), endReport(b, a)],
  };
}

function endingReport({ kind, by, timeUs, stall }: Ending): EndingReport {
  return {
    kind,
    by: by.name,
    time: isoUs(timeUs),
    stall: stall === undefined ? null : {
      of: stall.of.name,
      seconds_since_begin: secondsOf(timeUs - stall.beganUs),
      seconds_since_end: stall.endedUs === undefined ? null : secondsOf(timeUs - stall.endedUs),
    },
  };
}

function endReport(end: End, other: End): EndReport {
  const { count, closedUs, longestUs, longestAtUs, lastAtUs, isCutOff } = end.closures;
  return {
    address: end.name,
    packets: end.packets,
    bytes: end.bytes,
    retransmissions: end.retransmissions,
    retransmitted_bytes: end.retransmittedBytes,
    reordered: end.reordered,
    probes: end.probes,
    copies: end.copies,
    unseen_bytes: end.unseenBytes,
    zero_window_segments: end.zeroWindowSegments,
    zero_windows: {
      count,
      seconds: secondsOf(closedUs),
      longest_seconds: secondsOf(longestUs),
      longest_began: count === 0 ? null : isoUs(longestAtUs),
      last_began: count === 0 ? null : isoUs(lastAtUs),
      closed_at_end: isCutOff,
    },
    window: windowReport(end, scaleOf(end, other)),
  };
}

function windowReport(end: End, scale: number | undefined): WindowReport | null {
  if (end.series === undefined) return null;
  const unit = 2 ** (scale ?? 0);
  const buckets = end.series.buckets();
  return {
    scale: scale ?? null,
    largest: end.largestWindow * unit,
    smallest: end.smallestWindow * unit,
    bucket_seconds: secondsOf(end.series.widthUs),
    mean: buckets.map(({ mean }) => Math.round(mean * unit)),
    closed_share: buckets.map(({ closedShare }) => Math.round(closedShare * 1000) / 1000),
  };
}

/** To the microsecond. */
export function isoUs(us: number): string {
  const micros = String(us % 1000).padStart(3, "0");
  return new Date(Math.floor(us / 1000)).toISOString().replace("Z", `${micros}Z`);
}

export function secondsOf(us: number): number {
  return us / 1e6;
}
