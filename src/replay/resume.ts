/** Checks that a progress file belongs to this replay: sequences mean nothing in another journal. */
import { type SpillwayError, usageError } from "../base/error.ts";
import type { Archive, Selection } from "../journal/archive.ts";
import type { ReplayIdentity, SavedReplay } from "./progress_file.ts";

/** The replay that the command line asks for. */
export interface RequestedReplay extends ReplayIdentity {
  readonly archive: Archive;
}

/**
 * Rejects with a `SpillwayError` if `saved` is of another target, selection or
 * journal. A journal is recognized by the arrival time of the last confirmed
 * frame, or by its directory if the daemon has removed that frame.
 */
export async function checkSame(path: string, saved: SavedReplay, found: RequestedReplay): Promise<void> {
  if (saved.target !== found.target) throw other(path, `to ${saved.target}`, `to ${found.target}`);
  const [was, is] = [flagsText(saved.flags), flagsText(found.flags)];
  if (was !== is) throw other(path, `with ${was}`, `with ${is}`);
  if (saved.last_time_us === null) return;
  const last = saved.next - 1;
  const timeUs = await timeOf(found.archive, last);
  if (timeUs === saved.last_time_us) return;
  if (timeUs !== undefined) throw other(path, "of another journal", `of one whose frame ${last} came at another time`);
  const { cursor, journals } = found.archive;
  if (cursor > last && saved.directories.join() === journals.join()) return;
  throw other(path, `of ${saved.directories.join(", ")}, confirmed up to frame ${last}`, "of one without that frame");
}

/** What is left of the selection, as it was understood when the replay began. */
export function selectionLeft({ selection, next, frames }: SavedReplay): Selection {
  const limit = selection.limit === undefined ? undefined : selection.limit - frames;
  return { ...selection, limit, from: frames === 0 ? selection.from : next };
}

async function timeOf(archive: Archive, sequence: number): Promise<number | undefined> {
  for await (const item of archive.read({ from: sequence, until: sequence + 1 })) {
    if (item.kind === "frames") return item.timeUs;
  }
  return undefined;
}

function flagsText(flags: ReplayIdentity["flags"]): string {
  const words = Object.keys(flags).sort().map((name) =>
    flags[name] === true ? `--${name}` : `--${name} ${flags[name]}`
  );
  return words.length === 0 ? "no selection" : words.join(" ");
}

function other(path: string, was: string, is: string): SpillwayError {
  return usageError(
    `--progress-file ${path} is of another replay: one ${was}; this one is ${is}`,
    "name another file, or remove it to begin anew",
  );
}
