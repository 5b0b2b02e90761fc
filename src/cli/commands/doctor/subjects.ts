/** Which connections the doctor looks at: those of a port, or of the routes of a configuration. */
import { lookup } from "node:dns/promises";
import { usageError } from "../../../base/error.ts";
import type { Subject } from "../../../doctor/series.ts";
import { addressesOf, type RouteOptions } from "../../../relay/options.ts";
import { formatAddress, parseAddress, plainHost } from "../../../runtime/address.ts";

const HINT = "name a port such as 9001, or an address such as 192.0.2.7:9001";

/** `PORT` or `HOST:PORT`. Rejects with a SpillwayError (exit 2) for anything else, and for a host that has no address. */
export async function subjectOf(text: string): Promise<Subject> {
  if (/^\d+$/.test(text)) {
    const port = Number(text);
    if (port < 1 || port > 65535) throw usageError(`found port ${text}, expected 1 to 65535`, HINT);
    return { name: `port ${port}`, port, hosts: [] };
  }
  const address = parseAddress(text);
  if (address.kind === "unix") throw usageError(`${text} is a unix socket, expected a TCP port`, HINT);
  if (address.port === 0) throw usageError(`${JSON.stringify(text)}: found port 0, expected 1 to 65535`, HINT);
  const hosts = address.host === "" ? [] : await lookedUp(address.host);
  if (hosts === undefined) throw usageError(`${text}: the host name does not resolve`, HINT);
  return { name: text, port: address.port, hosts };
}

/**
 * Both sides of the routes, and a sentence for each that cannot be looked at.
 * Rejects with a SpillwayError (exit 2) if that is all of them.
 */
export async function subjectsOfRoutes(
  routes: readonly RouteOptions[],
): Promise<{ readonly subjects: Subject[]; readonly unseen: string[] }> {
  const subjects: Subject[] = [];
  const unseen: string[] = [];
  for (const { name, source, target } of routes) {
    const sides = Object.entries({ source: source.endpoint, target: target.endpoint }).flatMap(([side, endpoint]) =>
      addressesOf(endpoint).map((address) => ({ side, role: endpoint.role, address }))
    );
    for (const { side, role, address } of sides) {
      if (address.kind === "unix") {
        unseen.push(`the ${side} of route ${name}: ${formatAddress(address)} is no TCP connection`);
        continue;
      }
      if (address.port === 0) {
        unseen.push(`the ${side} of route ${name}: the kernel chose its port, name it to see it`);
        continue;
      }
      const hosts = role === "listen" ? [] : await lookedUp(address.host) ?? [];
      subjects.push({ name: `${formatAddress(address)} (${side} of route ${name})`, port: address.port, hosts });
    }
  }
  if (subjects.length === 0) throw usageError("found no route with a TCP port of its own to watch", HINT);
  return { subjects, unseen };
}

/** Undefined if the name does not resolve. An address is its own. */
async function lookedUp(host: string): Promise<string[] | undefined> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => plainHost(address));
  } catch {
    return undefined;
  }
}
