/** How large a buffer a path needs: the bandwidth-delay product. */
import { formatSize } from "../base/quantity.ts";

/** The path is taken to carry 1 Gbit/s: what a faster one needs follows from the same product. */
const BYTES_PER_MS = 125_000;
/** Half of a buffer is for the kernel's own bookkeeping (tcp_adv_win_scale; tcp(7)). */
const OVERHEAD = 2;
const LARGEST = 2 ** 31 / 2;

/** The largest buffer advised for a round trip, in bytes: a power of two. */
export function advisedBuffer(rttMs: number, windowNow: number): number {
  const wanted = Math.max(BYTES_PER_MS * rttMs * OVERHEAD, 2 * windowNow * OVERHEAD);
  return Math.min(LARGEST, 2 ** Math.ceil(Math.log2(wanted)));
}

/** Sentences and the sysctl line. `now`: the limit of the machine that has the buffer; undefined where that is another one. */
export function bufferAdvice(
  name: "tcp_rmem" | "tcp_wmem",
  rttMs: number,
  now: number | undefined,
  windowNow: number,
): string[] {
  const advised = advisedBuffer(rttMs, windowNow);
  if (now !== undefined && now >= advised) {
    return [
      `net.ipv4.${name} allows ${now} (${formatSize(now)}) here, which is enough: the program sets a smaller buffer ` +
      `itself (${name === "tcp_rmem" ? "SO_RCVBUF" : "SO_SNDBUF"}); let it not, or set it to ${advised}`,
    ];
  }
  const where = now === undefined ? "on the receiver's machine" : `here, where it is ${now} (${formatSize(now)})`;
  const middle = name === "tcp_rmem" ? 131072 : 16384;
  return [
    `allow ${formatSize(advised)} ${where}; that is for 1Gbit/s over ${rttMs.toFixed(1)}ms:`,
    `sysctl -w net.ipv4.${name}="4096 ${middle} ${advised}"`,
  ];
}
