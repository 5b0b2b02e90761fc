/** The state of a route as read from its journal's files, where no daemon reports it. */
import { resolve } from "node:path";
import { counted } from "../base/words.ts";
import { type Glance, glanceAt } from "../journal/files/archive/summary.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { oldestPending, type RouteStatus, UNKNOWN } from "./status.ts";

export interface DiskSubject {
  readonly route: string;
  /** The journal's directory. */
  readonly directory: string;
  /** Why a daemon is thought to have the journal and not to answer; undefined: there is none. */
  readonly silent: string | undefined;
  readonly nowUs: number;
}

/**
 * Reads the files, without a lock and without changing anything. A directory
 * that does not exist is a route that has never run. Rejects with a
 * `SpillwayError` or `SystemError` if the journal cannot be read.
 */
export async function diskStatus(runtime: Runtime, subject: DiskSubject): Promise<RouteStatus> {
  const { route, directory, silent, nowUs } = subject;
  const { files } = runtime;
  const status: RouteStatus = {
    ...UNKNOWN,
    route,
    state: silent === undefined ? "stopped" : "silent",
    detail: silent ?? "it has never run",
    // As a daemon reports it, so that `status --watch` recognizes the same route when the daemon ends.
    journal: resolve(directory),
    at_risk_bytes: 0,
  };
  if (await files.stat(directory) === undefined) return status;
  const glance = await glanceAt(files, directory);
  return {
    ...status,
    detail: silent ?? detailOf(glance) ?? null,
    pending_frames: glance.pendingFrames,
    pending_bytes: glance.pendingBytes,
    ...oldestPending(glance.oldestUs, (us) => (nowUs - us) / 1000),
    cursor: glance.cursor,
    end: glance.end,
    at_risk_bytes: glance.atRiskBytes ?? null,
    journal_bytes: glance.journalBytes,
    journal_segments: glance.segments,
  };
}

function detailOf({ clean, atRiskBytes }: Glance): string | undefined {
  if (clean === undefined) return "it has never run";
  if (clean) return undefined;
  if (atRiskBytes === 0) return "the last run did not stop cleanly";
  const most = atRiskBytes === undefined ? "nobody knows how much" : `at most ${counted(atRiskBytes, "byte")}`;
  return `the last run did not stop cleanly; in memory alone: ${most}`;
}
