/** Do routes feed each other in a ring, by whatever name or address of this machine? */
import { networkInterfaces } from "node:os";
import { findRings, namesToLookUp, ringText } from "../../../config/rings.ts";
import type { RouteOptions } from "../../../relay/options.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import type { Finding } from "./finding.ts";

/** Warnings, since a ring may be intended. Takes as long as the resolver. Never rejects. */
export async function inspectRings(routes: readonly RouteOptions[], { net }: Runtime): Promise<Finding[]> {
  const addresses = new Map<string, readonly string[]>();
  for (const name of namesToLookUp(routes)) addresses.set(name, await net.resolve(name).catch(() => []));
  const rings = findRings(routes, { own: ownAddresses(), addressesOf: (host) => addresses.get(host) ?? [] });
  return rings.map((ring) => ({ kind: "warning", text: ringText(ring), hint: HINT }));
}

/** None where the system does not tell: a service may be kept from asking (AF_NETLINK, netlink(7)). */
function ownAddresses(): string[] {
  try {
    return Object.values(networkInterfaces()).flatMap((each) => each ?? []).map(({ address }) => address);
  } catch {
    return [];
  }
}

const HINT = "connect a target to where its consumer listens";
