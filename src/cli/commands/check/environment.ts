/** What one route needs of the machine: its journal and its addresses. */
import { addressesOf, type RouteOptions } from "../../../relay/options.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import { inspectConnect, inspectListen, type Listening } from "./addresses.ts";
import type { Finding } from "./finding.ts";
import { inspectJournal } from "./journal.ts";

/**
 * Everything that was found for one route, errors and notes; empty if there is
 * nothing to say. `listening` are the listeners of the routes before it, and
 * of this one afterwards. Never rejects.
 */
export async function inspectEnvironment(
  route: RouteOptions,
  listening: Listening[],
  runtime: Runtime,
): Promise<Finding[]> {
  const journal = await inspectJournal(route, runtime);
  const isRunning = journal.some((finding) => finding.kind === "note");
  const findings = [...journal];
  for (const side of ["source", "target"] as const) {
    const { endpoint } = route[side];
    const key = `${side}.${endpoint.role}`;
    for (const address of addressesOf(endpoint)) {
      const subject = { route: route.name, key, address, isRunning };
      findings.push(
        ...endpoint.role === "listen"
          ? await inspectListen(subject, listening, runtime)
          : await inspectConnect(key, address, runtime),
      );
    }
  }
  return findings;
}
