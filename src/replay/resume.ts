/** Checks that a progress file belongs to this replay: sequences mean nothing in another journal. */
import { type SpillwayError, usageError } from "../base/error.ts";
import type { ArchiveSegment } from "../journal/files/archive/open_archive.ts";
import { readPassages } from "../journal/files/archive/read_archive.ts";
import type { Range, Selection } from "../journal/files/archive/selection.ts";
import type { FileSystem } from "../runtime/files.ts";
import type { ReplayIdentity, SavedReplay } from "./progress_file.ts";

/** The replay that the command line asks for. */
export interface RequestedReplay extends ReplayIdentity {
  readonly segments: readonly ArchiveSegment[];
  /** Absolute paths of the directories that they are in. */
  readonly directories: readonly string[];
}

/**
 * Rejects with a `SpillwayError` if `saved` is of another target, selection or
 * journal. A journal is recognized by the arrival time of the last confirmed
 * frame, or by its directory if the daemon has removed that frame.
 */
export async function checkSame(
  files: FileSystem,
  path: string,
  saved: SavedReplay,
  found: RequestedReplay,
): Promise<void> {
  if (saved.target !== found.target) throw other(path, `to ${saved.target}`, `to ${found.target}`);
  const [was, is] = [flagsText(saved.flags), flagsText(found.flags)];
  if (was !== is) throw other(path, `with ${was}`, `with ${is}`);
  if (saved.last_time_us === null) return;
  const last = saved.next - 1;
  const timeUs = await timeOf(files, found.segments, last);
  if (timeUs === saved.last_time_us) return;
  if (timeUs !== undefined) throw other(path, "of another journal", `of one whose frame ${last} came at another time`);
  const removed = found.segments.some(({ cursor = 0 }) => cursor > last);
  if (removed && saved.directories.join() === found.directories.join()) return;
  throw other(path, `of ${saved.directories.join(", ")}, confirmed up to frame ${last}`, "of one without that frame");
}

/** What is left of the selection, as it was understood when the replay began. */
export function selectionLeft({ selection, next, frames }: SavedReplay): Selection {
  const limit = selection.limit === undefined ? undefined : selection.limit - frames;
  return { ...selection, limit, from: frames === 0 ? selection.from : next };
}

/**
 * Frames from the first one wanted on that were delivered and have been removed
 * since, as where a replay was killed and the retention is over when it goes on.
 */
export function removedOf(segments: readonly ArchiveSegment[], { from, until, pending }: Selection): Range | undefined {
  const oldest = segments.find(({ footer }) => footer === undefined || footer.end > (from ?? 0));
  // Without a beginning there is nothing that should be there; what is pending is not delivered.
  if (from === undefined || pending || oldest === undefined || oldest.base <= from) return undefined;
  // Where single files are named, the others may be there all the same.
  if (!oldest.withAllPending) return undefined;
  // What comes between was delivered from memory, and in no file ever.
  const end = Math.min(oldest.header?.previousEnd ?? oldest.base, oldest.cursor ?? 0, until ?? oldest.base);
  return from < end ? { from, until: end } : undefined;
}

async function timeOf(
  files: FileSystem,
  segments: readonly ArchiveSegment[],
  sequence: number,
): Promise<number | undefined> {
  for await (const passage of readPassages(files, segments, { from: sequence, until: sequence + 1 })) {
    if (passage.kind === "frames") return passage.timeUs;
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
