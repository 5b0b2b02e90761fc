/** Journals that hold pending frames and belong to no route: those of routes that were renamed or removed. */
import { dirname } from "node:path";
import type { UndeliveredJournal } from "../../admin/status.ts";
import { formatSize } from "../../base/quantity.ts";
import { counted } from "../../base/range_text.ts";
import { isJournal, summarizeJournal } from "../../journal/open.ts";
import type { RouteOptions } from "../../relay/options.ts";
import { flockHolder } from "../../runtime/flock_holder.ts";
import type { Runtime } from "../../runtime/runtime.ts";

type Routes = readonly Pick<RouteOptions, "journal">[];

/**
 * Those among the directories beside the routes' journals. A journal that a daemon
 * has open belongs to another configuration and is left out. Never rejects.
 */
export async function findUndelivered(routes: Routes, runtime: Runtime): Promise<UndeliveredJournal[]> {
  const known = new Set(routes.map(({ journal }) => journal.directory));
  const found: UndeliveredJournal[] = [];
  for (const parent of new Set([...known].map(dirname))) {
    for (const name of await runtime.files.list(parent).catch(() => [])) {
      const directory = `${parent}/${name}`;
      if (known.has(directory)) continue;
      const pending = await pendingIn(directory, runtime).catch(() => undefined);
      if (pending !== undefined) found.push(pending);
    }
  }
  return found;
}

/** Undefined if nothing is pending or `directory` is no journal. Rejects if it cannot be read. */
async function pendingIn(directory: string, runtime: Runtime): Promise<UndeliveredJournal | undefined> {
  const { files } = runtime;
  if ((await files.stat(directory))?.kind !== "directory" || !await isJournal(files, directory)) return undefined;
  if (await flockHolder(`${directory}/lock`) !== undefined) return undefined;
  const { pendingFrames, pendingBytes } = await summarizeJournal(files, directory);
  if (pendingFrames === 0) return undefined;
  return { journal: directory, pending_frames: pendingFrames, pending_bytes: pendingBytes };
}

export function undeliveredText({ journal, pending_frames, pending_bytes }: UndeliveredJournal): string {
  return `journal ${journal}: ${counted(pending_frames, "frame")}, ${formatSize(pending_bytes)}, pending; ` +
    "no route delivers it";
}

export const UNDELIVERED_HINT = "give a route this journal.dir, or replay it, or give the frames up with skip";
