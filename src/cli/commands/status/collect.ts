/** Gathers the state of every route asked for: from its daemon, else from its journal's files. */
import { basename, resolve } from "node:path";
import { type Asked, askStatus } from "../../../admin/client.ts";
import { controlPath } from "../../../admin/protocol.ts";
import { diskStatus } from "../../../admin/disk_status.ts";
import { isoMs, type RouteStatus, type StatusReport } from "../../../admin/status.ts";
import type { Clock } from "../../../base/clock.ts";
import { failedWith, usageError } from "../../../base/error.ts";
import { isJournal, summarizeJournal, trimSlash } from "../../../journal/open.ts";
import { flockHolder } from "../../../runtime/flock_holder.ts";
import type { Runtime } from "../../../runtime/runtime.ts";

const HINT = "name the journal directory of a route, for example spillway-data/feed";

export interface Subject {
  readonly route: string;
  /** The journal's directory. */
  readonly directory: string;
}

export interface Collected {
  readonly report: StatusReport;
  /** Of the routes whose state cannot be read: why. */
  readonly failures: readonly unknown[];
}

/** Never rejects. */
export async function collect(subjects: readonly Subject[], runtime: Runtime, clock: Clock): Promise<Collected> {
  const nowUs = clock.wallUs();
  const outcomes = await Promise.allSettled(subjects.map((subject) => statusOf(subject, runtime, nowUs)));
  return {
    report: {
      time: isoMs(nowUs),
      routes: outcomes.flatMap((outcome) => outcome.status === "fulfilled" ? [outcome.value] : []),
    },
    failures: outcomes.flatMap((outcome) => outcome.status === "rejected" ? [outcome.reason] : []),
  };
}

async function statusOf({ route, directory }: Subject, runtime: Runtime, nowUs: number): Promise<RouteStatus> {
  const asked = await askStatus(runtime.net, directory);
  if (asked.kind === "answered") return asked.answer;
  const silent = await silence(asked, directory);
  return diskStatus(await summarizeJournal(runtime.files, directory), { route, directory, silent, nowUs });
}

/** Why it is thought that a daemon has the journal, though it has not answered. */
async function silence(
  asked: Exclude<Asked<RouteStatus>, { kind: "answered" }>,
  directory: string,
): Promise<string | undefined> {
  const holder = await flockHolder(`${directory}/lock`);
  if (holder === undefined && asked.kind === "absent") return undefined;
  const who = holder === undefined ? "a daemon" : `pid ${holder}`;
  const why = asked.kind === "silent" ? `does not answer: ${asked.why}` : "has no control socket, its log says why";
  return `${who} has the journal and ${why}; these figures are from the files`;
}

/** Also one that cannot be listed: a member of admin.control_group can ask its daemon all the same. */
async function mayBeJournal(directory: string, { files }: Runtime): Promise<boolean> {
  try {
    return await isJournal(files, directory);
  } catch (error) {
    if (failedWith(error, "EACCES") && await files.stat(controlPath(directory).path) !== undefined) return true;
    throw error;
  }
}

/** The journals at `paths`, called after their directories. Rejects with a SpillwayError (exit 2) for what is none. */
export async function subjectsAt(paths: readonly string[], runtime: Runtime): Promise<Subject[]> {
  const subjects = new Map<string, Subject>();
  for (const path of paths) {
    const directory = trimSlash(path);
    const kind = (await runtime.files.stat(directory))?.kind;
    if (kind === undefined) throw usageError(`${path}: no such directory`, HINT);
    if (kind !== "directory") throw usageError(`${path}: not a directory`, HINT);
    if (!await mayBeJournal(directory, runtime)) {
      throw usageError(`${path}: no journal: there are no segment files in it`, HINT);
    }
    const absolute = resolve(directory);
    if (!subjects.has(absolute)) subjects.set(absolute, { route: basename(absolute), directory });
  }
  return [...subjects.values()];
}
