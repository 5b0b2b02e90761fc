/** Host names: resolving them, and connecting to one; the same on both runtimes. */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { SystemError } from "../base/error.ts";
import { formatAddress } from "./address.ts";
import type { Address, Connection } from "./net.ts";

/** The addresses of `host`, in the resolver's order. Rejects with ENOTFOUND, whatever kept it from answering. */
export async function resolveHost(host: string): Promise<string[]> {
  try {
    const found = await lookup(host, { all: true, verbatim: true });
    return [...new Set(found.map((entry) => entry.address))];
  } catch (e) {
    throw new SystemError("ENOTFOUND", "resolve", host, { cause: e });
  }
}

/** One attempt at a literal address, or a unix socket; rejects as `Net.connect` does. */
export type DialOne = (address: Address, timeoutMs: number) => Promise<Connection>;

/**
 * Dials `address`. A name is resolved at every call, since Bun's own dialling
 * goes by an answer for 30 s, and its addresses are tried one after the other,
 * each for its share of the time that is left, so that a silent one does not use
 * up the time of the next. Rejects with the failure of the last one, for the name.
 */
export async function dialHost(
  address: Address,
  timeoutMs: number,
  dialOne: DialOne,
  resolve: (host: string) => Promise<string[]> = resolveHost,
): Promise<Connection> {
  if (address.kind === "unix" || isIP(address.host) !== 0) return await dialOne(address, timeoutMs);
  const endMs = performance.now() + timeoutMs;
  const hosts = await inTime(resolve(address.host || "localhost"), timeoutMs, address);
  let failure: unknown;
  for (const [i, host] of hosts.entries()) {
    const shareMs = Math.max(1, (endMs - performance.now()) / (hosts.length - i));
    try {
      return await dialOne({ ...address, host }, shareMs);
    } catch (error) {
      failure = error;
    }
  }
  const code = failure instanceof SystemError ? failure.code : "ENOTFOUND";
  throw new SystemError(code, "connect", formatAddress(address), { cause: failure });
}

/** The answer, or ETIMEDOUT; an answer that comes too late is discarded. */
async function inTime<T>(answer: Promise<T>, timeoutMs: number, address: Address): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SystemError("ETIMEDOUT", "resolve", formatAddress(address))), timeoutMs);
  });
  return await Promise.race([answer, timeout]).finally(() => clearTimeout(timer));
}
