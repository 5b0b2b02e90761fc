/** Only the owner of a journal may write in it: the daemon could not open files of another user. */
import { SpillwayError } from "../../base/error.ts";
import type { Runtime } from "../../runtime/runtime.ts";

/**
 * Rejects with a SpillwayError if the journal belongs to another user: the owner
 * of `ownedPath`. `doing` names the work for the message: `compacting`. `example` is
 * the command for the hint, given the owner's name.
 */
export async function checkOwner(
  directory: string,
  doing: string,
  runtime: Runtime,
  example: (owner: string) => string,
  ownedPath = directory,
): Promise<void> {
  const owner = (await runtime.files.stat(ownedPath))?.uid;
  if (owner === undefined || runtime.uid === undefined || owner === runtime.uid) return;
  const name = runtime.userName(owner);
  // crontab and sudo take no user without a name.
  const how = name === `uid ${owner}` ? `for example with setpriv --reuid=${owner}` : example(name);
  throw new SpillwayError(`journal ${directory}: belongs to ${name}, found ${runtime.userName()} ${doing} it`, {
    hint: `run it as ${name}, ${how}`,
  });
}
