/** Paths that the printed systemd unit names and that its service could not reach. */
import { stat } from "node:fs/promises";
import { dirname } from "node:path";

/** The mode bit that lets other users enter a directory, or run a file. */
const OTHERS_EXECUTE = 0o001;

/** What the unit's own settings hide from the service. */
const HIDDEN: readonly { readonly within: RegExp; readonly setting: string }[] = [
  { within: /^\/(home|root|run\/user)\//, setting: "ProtectHome=yes" },
  { within: /^\/(tmp|var\/tmp)\//, setting: "PrivateTmp=yes" },
];

/** A sentence for each of the absolute paths that the unit names and cannot reach. Never rejects. */
export async function unreachable(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(paths.map(why));
  return found.filter((each) => each !== undefined);
}

async function why(path: string): Promise<string | undefined> {
  const hidden = HIDDEN.find(({ within }) => within.test(path));
  if (hidden !== undefined) return `the unit names ${path}, which it cannot see (${hidden.setting})`;
  const closed = await closedAbove(path);
  if (closed !== undefined) {
    return `the unit names ${path}, which its user cannot reach: ${closed} is not open to others`;
  }
  return undefined;
}

/** The outermost directory above `path` that other users cannot enter; undefined if there is none. */
async function closedAbove(path: string): Promise<string | undefined> {
  const parent = dirname(path);
  if (parent === path) return undefined;
  const outer = await closedAbove(parent);
  if (outer !== undefined) return outer;
  const mode = await stat(parent).then((info) => info.mode, () => undefined);
  return mode === undefined || (mode & OTHERS_EXECUTE) !== 0 ? undefined : parent;
}
