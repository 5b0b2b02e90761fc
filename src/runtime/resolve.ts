/** Host names to addresses, by the system's resolver (getaddrinfo), on both runtimes. */
import { lookup } from "node:dns/promises";
import { SystemError } from "../base/error.ts";

/** The addresses of `host`, in the resolver's order. Rejects with ENOTFOUND, whatever kept it from answering. */
export async function resolveHost(host: string): Promise<string[]> {
  try {
    const found = await lookup(host, { all: true, verbatim: true });
    return [...new Set(found.map((entry) => entry.address))];
  } catch (e) {
    throw new SystemError("ENOTFOUND", "resolve", host, { cause: e });
  }
}
