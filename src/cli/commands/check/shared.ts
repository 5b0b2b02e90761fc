/** What routes must not share (a journal) and what they do share (the space of a file system). */
import { realpath } from "node:fs/promises";
import { join, relative } from "node:path";
import { formatSize } from "../../../base/quantity.ts";
import type { RouteOptions } from "../../../relay/options.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import type { Finding } from "./finding.ts";
import { journalBytes, nearestExisting } from "./journal.ts";

/** A full disk is a state, not an end, and a warning. Never rejects. */
export async function inspectShared(routes: readonly RouteOptions[], runtime: Runtime): Promise<Finding[]> {
  return [...await inspectJournals(routes, runtime), ...await inspectSpace(routes, runtime)];
}

/** Directories that are one by a symbolic link; those that are written alike the configuration's rules have found. */
async function inspectJournals(routes: readonly RouteOptions[], runtime: Runtime): Promise<Finding[]> {
  const findings: Finding[] = [];
  const owners = new Map<string, RouteOptions>();
  for (const route of routes) {
    const { directory } = route.journal;
    try {
      const { path } = await nearestExisting(directory, runtime);
      const real = join(await realpath(path), relative(path, directory));
      const owner = owners.get(real);
      owners.set(real, owner ?? route);
      if (owner === undefined) continue;
      findings.push({
        kind: "error",
        text: `route ${route.name}: journal ${directory} is the one of route ${owner.name}, ${owner.journal.directory}`,
        hint: "give each route a directory of its own in journal.dir",
      });
    } catch { // what is wrong there is said of the route
    }
  }
  return findings;
}

interface FileSystemUse {
  readonly routes: RouteOptions[];
  readonly freeBytes: number;
  /** What the journals may still grow by. */
  growBytes: number;
  /** The largest `min_free` on it. */
  keptBytes: number;
}

async function inspectSpace(routes: readonly RouteOptions[], runtime: Runtime): Promise<Finding[]> {
  const uses = new Map<number | string, FileSystemUse>();
  for (const route of routes) {
    const { directory, maxBytes, minFreeBytes } = route.journal;
    try {
      const { path, info } = await nearestExisting(directory, runtime);
      const key = info.device ?? path;
      const use = uses.get(key) ??
        { routes: [], freeBytes: await runtime.files.freeBytes(path), growBytes: 0, keptBytes: 0 };
      uses.set(key, use);
      use.routes.push(route);
      if (maxBytes > 0) use.growBytes += Math.max(0, maxBytes - await journalBytes(directory, runtime));
      use.keptBytes = Math.max(use.keptBytes, minFreeBytes);
    } catch { // what is wrong there is said of the route
    }
  }
  return [...uses.values()].flatMap(tooLittle);
}

function tooLittle({ routes, freeBytes, growBytes, keptBytes }: FileSystemUse): Finding[] {
  const limited = routes.filter(({ journal }) => journal.maxBytes > 0);
  // Less than min_free is said of the route, as an error.
  if (limited.length === 0 || freeBytes < keptBytes || growBytes + keptBytes <= freeBytes) return [];
  const names = limited.map(({ name }) => name).join(", ");
  const whose = limited.length === 1 ? `the journal of ${names}` : `the journals of ${names}, on one file system,`;
  return [{
    kind: "warning",
    text: `${whose} may grow by ${formatSize(growBytes)} to journal.max_bytes; found ${formatSize(freeBytes)} free, ` +
      `of which journal.min_free keeps ${formatSize(keptBytes)}`,
    hint: "free some space, set journal.max_bytes lower, or move a journal; min_free will be met before max_bytes",
  }];
}
