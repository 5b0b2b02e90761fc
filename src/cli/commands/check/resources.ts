/** What the routes together may use of the process's memory and open files; for `check`, and for `run` at its start. */
import { formatSize } from "../../../base/quantity.ts";
import { openFilesOf } from "../../../relay/open_files.ts";
import type { RouteOptions } from "../../../relay/options.ts";
import { memoryLimit } from "../../../runtime/process_limits.ts";
import type { Net } from "../../../runtime/net.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import type { Finding } from "./finding.ts";

/** Memory of the program itself under load, measured: the larger figure of both runtimes. */
const PROGRAM_BYTES = 90 * 1024 * 1024;

/** Warnings, since the routes may use less than they are allowed. Never rejects. */
export async function inspectResources(routes: readonly RouteOptions[], { net }: Runtime): Promise<Finding[]> {
  return [...await inspectOpenFiles(routes), ...await inspectMemory(routes, net)];
}

async function inspectMemory(routes: readonly RouteOptions[], { readAheadBytesMax }: Net): Promise<Finding[]> {
  const limit = await memoryLimit();
  const buffers = routes.reduce((sum, { memoryMaxBytes }) => sum + memoryMaxBytes, 0);
  const needed = buffers + routes.length * readAheadBytesMax + PROGRAM_BYTES;
  if (limit === undefined || needed <= limit.bytes) return [];
  const ahead = readAheadBytesMax === 0 ? "" : `, the runtime ${formatSize(readAheadBytesMax)} a route,`;
  return [{
    kind: "warning",
    text: `memory.max_bytes of all routes allows ${formatSize(buffers)}${ahead} and the program takes about ` +
      `${formatSize(PROGRAM_BYTES)}: found a limit of ${formatSize(limit.bytes)} (${limit.by}), ` +
      "beyond which the kernel ends the process",
    hint: `raise it to ${formatSize(needed)} (MemoryMax= of systemd, --memory of a container), ` +
      "or set memory.max_bytes lower",
  }];
}

async function inspectOpenFiles(routes: readonly RouteOptions[]): Promise<Finding[]> {
  const { limit, needed, connectionsMax, spareConnections } = await openFilesOf(routes.length);
  const dialledIn = routes.filter(({ source }) => source.endpoint.role === "listen");
  const producers = dialledIn.reduce((sum, { source }) => sum + source.maxConnections, 0);
  const most = connectionsMax - spareConnections;
  if (producers <= most) return [];
  return [{
    kind: "warning",
    text: `source.max_connections of all routes allows ${producers} connections; ` +
      `found a limit of ${limit} open files for this process, which has room for ${most}: further ones are refused`,
    hint: `raise it (ulimit -n ${needed(producers)}, LimitNOFILE= of systemd), or set source.max_connections lower`,
  }];
}
