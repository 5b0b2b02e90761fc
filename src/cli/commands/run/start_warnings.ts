/** What `check` warns of, as `run` says it in the log when it starts. */
import process from "node:process";
import type { Log } from "../../../base/log.ts";
import { warningsOf } from "../../../config/warnings.ts";
import type { RouteOptions } from "../../../relay/options.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import type { Finding } from "../check/finding.ts";
import { inspectOwner, nearestExisting } from "../check/journal.ts";
import { inspectResources } from "../check/resources.ts";
import { inspectRings } from "../check/rings.ts";
import { checkOwner } from "../../journals/owner.ts";
import { findUndelivered } from "../../journals/undelivered.ts";

/** Throws a SpillwayError where the last daemon was another user's: a directory that is, as a volume is, may be meant for root. */
async function refuseServices(directory: string, runtime: Runtime): Promise<void> {
  const example = (owner: string) => `for example sudo -u ${owner} spillway run`;
  await checkOwner(directory, "running", runtime, example, `${directory}/lock`);
}

/** `log` returns the log of a route. Rejects with a SpillwayError if a journal belongs to another user. */
export async function warnAtStart(
  routes: readonly RouteOptions[],
  runtime: Runtime,
  log: (subject: string) => Log,
): Promise<void> {
  const warn = (subject: string, findings: readonly Finding[]) => {
    for (const { text, hint } of findings) log(subject).say("start_warning", { finding: text, hint });
  };
  for (const route of routes) {
    for (const warning of warningsOf(route, process.platform)) {
      log(route.name).say("start_warning", { finding: warning });
    }
    warn(route.name, await ownerFindings(route, runtime));
  }
  warn("spillway", await inspectResources(routes, runtime));
  for (const each of await findUndelivered(routes, runtime)) {
    log("spillway").say("journal_undelivered", { ...each });
  }
  // A resolver may take long, so the start does not wait for it.
  inspectRings(routes, runtime).then((rings) => warn("spillway", rings));
}

async function ownerFindings({ journal: { directory } }: RouteOptions, runtime: Runtime): Promise<Finding[]> {
  // Whatever else is wrong with it, opening it will say.
  const found = await nearestExisting(directory, runtime).catch(() => undefined);
  if (found === undefined) return [];
  const isThere = found.path === directory && found.info.kind === "directory";
  if (isThere && runtime.uid === 0) await refuseServices(directory, runtime);
  return inspectOwner(directory, found, runtime);
}
