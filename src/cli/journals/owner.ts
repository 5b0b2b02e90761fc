/** Files of another user's would be files that the daemon cannot open: whoever writes a journal is its owner. */
import { SpillwayError } from "../../base/error.ts";
import type { Runtime } from "../../runtime/runtime.ts";

/**
 * Throws a SpillwayError if the journal belongs to somebody else, as the owner
 * of `told` says. `doing` it is what we are about: `compacting`.
 */
export async function checkOwner(
  directory: string,
  doing: string,
  runtime: Runtime,
  example: (owner: string) => string,
  told = directory,
): Promise<void> {
  const owner = (await runtime.files.stat(told))?.uid;
  if (owner === undefined || runtime.uid === undefined || owner === runtime.uid) return;
  const name = runtime.userName(owner);
  // crontab and sudo take no user without a name.
  const how = name === `uid ${owner}` ? `for example with setpriv --reuid=${owner}` : example(name);
  throw new SpillwayError(`journal ${directory}: belongs to ${name}, found ${runtime.userName()} ${doing} it`, {
    hint: `run it as ${name}, ${how}`,
  });
}
