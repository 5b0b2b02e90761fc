/** Rules between routes: what two of them cannot share. */
import { resolve } from "node:path";
import { plainHost } from "../runtime/address.ts";
import type { Address } from "../runtime/net.ts";
import { formatPath, type KeyPath } from "./problem.ts";
import { journalDirectory } from "./route.ts";
import type { RawConfig } from "./schema.ts";

type Refuse = (path: KeyPath, allowed: string, hint?: string) => void;

/**
 * Calls `refuse` for every name, journal directory and listen address that an
 * earlier route has already. Looks at what the file says, so that routes which
 * have other faults are compared too.
 */
export function findConflicts(config: RawConfig, directory: string, refuse: Refuse): void {
  const routes = config.route ?? [];
  const names = new Map<string, number>();
  const directories = new Map<string, number>();
  routes.forEach((route, index) => {
    if (route.name === undefined) return;
    const namesake = names.get(route.name);
    if (namesake === undefined) names.set(route.name, index);
    else {
      const hint = "rename one of the two: the name stands in the log, in status and in the journal's path";
      refuse(["route", index, "name"], `a name that route[${namesake}] does not have`, hint);
    }

    const journal = journalDirectory(route, directory);
    const neighbour = directories.get(journal);
    if (neighbour === undefined) directories.set(journal, index);
    // Two routes with one name and no directory of their own have one problem, not two.
    else if (route.journal?.dir !== undefined || namesake === undefined) {
      const allowed = `a directory of its own; route[${neighbour}] has ${journal} too`;
      refuse(
        ["route", index, "journal", "dir"],
        allowed,
        "leave journal.dir out: its default has the route's name in it",
      );
    }
  });
  findSharedAddresses(config, refuse);
}

function findSharedAddresses(config: RawConfig, refuse: Refuse): void {
  const listening: { readonly where: string; readonly address: Address }[] = [];
  const add = (path: KeyPath, address: Address | undefined) => {
    if (address === undefined) return;
    const taken = listening.find((listener) => overlap(listener.address, address));
    if (taken !== undefined) {
      const allowed = `an address of its own; ${taken.where} has this one already`;
      refuse(path, allowed, "choose another port, or another address of this host");
    }
    listening.push({ where: formatPath(path), address });
  };
  config.route?.forEach((route, index) => {
    for (const side of ["source", "target"] as const) add(["route", index, side, "listen"], route[side]?.listen);
  });
  add(["admin", "listen"], config.admin?.listen);
}

/** True if the second of two listeners would find its address in use. Names that differ are left to the kernel. */
function overlap(a: Address, b: Address): boolean {
  if (a.kind === "unix" || b.kind === "unix") {
    return a.kind === "unix" && b.kind === "unix" && resolve(a.path) === resolve(b.path);
  }
  if (a.port !== b.port || a.port === 0) return false;
  const [one, other] = [plainestHost(a.host), plainestHost(b.host)];
  return one === other || covers(one, other) || covers(other, one);
}

function covers(wildcard: string, host: string): boolean {
  if (wildcard === "" || wildcard === "::") return true;
  return wildcard === "0.0.0.0" && !host.includes(":");
}

/** The one spelling of a name or an address that has many. */
function plainestHost(host: string): string {
  const plain = plainHost(host).toLowerCase();
  const url = `tcp://[${plain}]`;
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : plain;
}
