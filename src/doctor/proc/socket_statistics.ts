/**
 * What `ss -tin` of iproute2 says of a connection (ss(8); the figures are those
 * of the kernel's struct tcp_info). It needs no root, and /proc has none of it.
 */

/** Sums are since the connection began. What a version of ss or of the kernel does not say is undefined. */
export interface SocketStatistics {
  readonly local: string;
  readonly remote: string;
  /** The round trip, smoothed, and the shortest one, in ms. */
  readonly rttMs?: number;
  readonly minRttMs?: number;
  /** The window that the peer advertised last, in bytes; undefined also while it is closed. */
  readonly peerWindow?: number;
  readonly bytesAcked?: number;
  readonly bytesReceived?: number;
  readonly bytesSent?: number;
  readonly bytesRetransmitted?: number;
  readonly retransmissions?: number;
  /** Time in which data was waiting for the peer, and how much of it for its window and for room in the send buffer, in ms. */
  readonly busyMs?: number;
  readonly windowLimitedMs?: number;
  readonly bufferLimitedMs?: number;
}

/** A line of `ss -tinHO` each; other lines are left out. */
export function parseSocketStatistics(text: string): SocketStatistics[] {
  return text.split("\n").flatMap((line) => {
    const columns = line.trim().split(/\s+/);
    if (columns.length < 6 || !/^\d+$/.test(columns[1]) || !/^\d+$/.test(columns[2])) return [];
    const [, , , local, remote, ...words] = columns;
    const facts = new Map(words.map((word) => {
      const colon = word.indexOf(":");
      return [word.slice(0, colon), word.slice(colon + 1)] as const;
    }));
    const figure = (name: string, part = 0): number | undefined => {
      const value = parseFloat(facts.get(name)?.split("/")[part] ?? "");
      return Number.isFinite(value) ? value : undefined;
    };
    // 1236ms, or 1236ms(100.0%)
    return [{
      local: plainName(local),
      remote: plainName(remote),
      rttMs: figure("rtt"),
      minRttMs: figure("minrtt"),
      peerWindow: figure("snd_wnd"),
      bytesAcked: figure("bytes_acked"),
      bytesReceived: figure("bytes_received"),
      bytesSent: figure("bytes_sent"),
      bytesRetransmitted: figure("bytes_retrans"),
      retransmissions: figure("retrans", 1),
      busyMs: figure("busy"),
      windowLimitedMs: figure("rwnd_limited"),
      bufferLimitedMs: figure("sndbuf_limited"),
    }];
  });
}

/** `[::ffff:127.0.0.1]:80` and `10.0.0.1%eth0:80` as /proc's parser gives them. */
function plainName(name: string): string {
  return name.replace(/^\[::ffff:(\d+\.\d+\.\d+\.\d+)\]/i, "$1").replace(/%[^\]:]*/, "");
}
