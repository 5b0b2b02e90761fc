/** Routes that feed each other in a ring: what they deliver comes in again, without end. */
import { resolve } from "node:path";
import { addressesOf, type Endpoint, type RouteOptions } from "../relay/options.ts";
import { socketName } from "../runtime/socket_name.ts";
import type { Address } from "../runtime/net.ts";

/** How names and addresses are resolved on this machine. */
export interface Hosts {
  /** The addresses of its interfaces, loopback included. */
  readonly own: readonly string[];
  /** Those of a name; none where it is not known. An address is its own. */
  readonly addressesOf: (host: string) => readonly string[];
}

type Route = Pick<RouteOptions, "name" | "source" | "target">;

/** Every ring, as its routes in the order in which frames pass them; a route that feeds itself is a ring of one. */
export function findRings<R extends Route>(routes: readonly R[], hosts: Hosts): R[][] {
  const feeds = new Map(routes.map((from) => [from, routes.filter((to) => isFed(from, to, hosts))]));
  const rings: R[][] = [];
  for (const [i, start] of routes.entries()) {
    // Every ring through an earlier route was found already.
    const ring = shortestWayBack(start, new Set(routes.slice(0, i)), feeds);
    if (ring !== undefined) rings.push(ring);
  }
  return rings;
}

/** The names that have to be looked up to tell, with the ports that they stand with. */
export function namesToLookUp(routes: readonly Route[]): string[] {
  const sides = routes.flatMap(({ source, target }) =>
    [source.endpoint, target.endpoint].flatMap((endpoint) =>
      addressesOf(endpoint).map((address) => ({ role: endpoint.role, address }))
    )
  );
  const ports = (role: Endpoint["role"]) =>
    new Set(sides.filter((side) => side.role === role).map(({ address }) => address.kind === "tcp" ? address.port : 0));
  const [listening, dialled] = [ports("listen"), ports("connect")];
  const hosts = sides.flatMap(({ address }) => {
    const isBoth = address.kind === "tcp" && listening.has(address.port) && dialled.has(address.port);
    return isBoth && address.host !== "" && socketName(address.host, 0) === undefined ? [address.host] : [];
  });
  return [...new Set(hosts)];
}

export function ringText(ring: readonly Route[]): string {
  if (ring.length === 1) {
    return `route ${ring[0].name}: its target is its own source: what it delivers comes in again, without end`;
  }
  const names = [...ring, ring[0]].map(({ name }) => name).join(" to ");
  return `routes feed each other in a ring: ${names}: what they deliver comes in again, without end`;
}

function shortestWayBack<R>(start: R, done: ReadonlySet<R>, feeds: ReadonlyMap<R, readonly R[]>): R[] | undefined {
  const seen = new Set<R>();
  let ways: R[][] = [[start]];
  while (ways.length > 0) {
    const longer: R[][] = [];
    for (const way of ways) {
      for (const next of feeds.get(way[way.length - 1])!) {
        if (next === start) return way;
        if (seen.has(next) || done.has(next)) continue;
        seen.add(next);
        longer.push([...way, next]);
      }
    }
    ways = longer;
  }
  return undefined;
}

/** True if one of the two routes dials the other, so that frames of `from` reach `to`. */
function isFed(from: Route, to: Route, hosts: Hosts): boolean {
  const [out, into] = [from.target.endpoint, to.source.endpoint];
  if (out.role === into.role) return false;
  const [dialled, listening] = out.role === "connect" ? [out, into] : [into, out];
  return addressesOf(dialled).some((address) => reaches(address, listening.address, hosts));
}

function reaches(dialled: Address, listening: Address, hosts: Hosts): boolean {
  if (dialled.kind === "unix" || listening.kind === "unix") {
    return dialled.kind === "unix" && listening.kind === "unix" && resolve(dialled.path) === resolve(listening.path);
  }
  if (dialled.port !== listening.port || dialled.port === 0) return false;
  const there = canonical(dialled.host || "localhost", hosts);
  const wildcard = WILDCARDS.get(listening.host);
  if (wildcard === undefined) {
    const here = canonical(listening.host, hosts);
    return [...there].some((address) => here.has(address));
  }
  const own = canonicalOf(hosts.own);
  return [...there].some((address) => wildcard.test(address) && (LOOPBACK.test(address) || own.has(address)));
}

/** What connections a listener on all addresses takes; addresses as `socketName` has them, 32 hex digits and a port. */
const WILDCARDS = new Map([["", /^/], ["::", /^/], ["0.0.0.0", /^0{20}ffff/]]);

/** All of 127.0.0.0/8 is this machine, and `::1`; to dial 0.0.0.0 or `::` is to dial that. */
const LOOPBACK = /^0{20}ffff(7f|0{8}:)|^0{31}[01]:/;

function canonical(host: string, hosts: Hosts): Set<string> {
  return canonicalOf(socketName(host, 0) === undefined ? hosts.addressesOf(host) : [host]);
}

function canonicalOf(addresses: readonly string[]): Set<string> {
  return new Set(addresses.flatMap((address) => socketName(address, 0) ?? []));
}
