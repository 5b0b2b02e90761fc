/** What one route needs of the machine: its journal and its addresses. */
import type { RouteOptions } from "../../relay/options.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { inspectConnect, inspectListen } from "./addresses.ts";
import type { Finding } from "./finding.ts";
import { inspectJournal } from "./journal.ts";

/** Everything that was found for one route, errors and notes; empty if there is nothing to say. Never rejects. */
export async function inspectSurroundings(route: RouteOptions, runtime: Runtime): Promise<Finding[]> {
  const journal = await inspectJournal(route, runtime);
  const isRunning = journal.some((finding) => finding.kind === "note");
  const others = await Promise.all(
    ([["source", route.source.endpoint], ["target", route.target.endpoint]] as const).map(([side, endpoint]) =>
      endpoint.role === "listen"
        ? inspectListen(`${side}.listen`, endpoint.address, isRunning, runtime)
        : inspectConnect(`${side}.connect`, endpoint.address, runtime)
    ),
  );
  return [...journal, ...others.flat()];
}
