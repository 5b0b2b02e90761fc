/** What the routes together may take of what the process is given. `check` says it, and `run` when it starts. */
import { openFilesOf } from "../../relay/open_files.ts";
import type { RouteOptions } from "../../relay/options.ts";
import type { Finding } from "./finding.ts";

/** Warnings: a refused connection is a state, not an end. Never rejects. */
export async function inspectResources(routes: readonly RouteOptions[]): Promise<Finding[]> {
  return await inspectOpenFiles(routes);
}

async function inspectOpenFiles(routes: readonly RouteOptions[]): Promise<Finding[]> {
  const { limit, needed, connectionsMax, sparePlaces } = await openFilesOf(routes.length);
  const dialledIn = routes.filter(({ source }) => source.endpoint.role === "listen");
  const producers = dialledIn.reduce((sum, { source }) => sum + source.maxConnections, 0);
  const most = connectionsMax - sparePlaces;
  if (producers <= most) return [];
  return [{
    kind: "warning",
    text: `source.max_connections of all routes allows ${producers} connections; ` +
      `found a limit of ${limit} open files for this process, which has room for ${most}: further ones are refused`,
    hint: `raise it (ulimit -n ${needed(producers)}, LimitNOFILE= of systemd), or set source.max_connections lower`,
  }];
}
