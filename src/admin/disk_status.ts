/** The state of a route as read from its journal's files, where no daemon reports it. */
import { resolve } from "node:path";
import { counted } from "../base/range_text.ts";
import type { JournalSummary } from "../journal/archive.ts";
import { oldestPending, type RouteStatus, UNKNOWN } from "./status.ts";

export interface DiskSubject {
  readonly route: string;
  /** The journal's directory. */
  readonly directory: string;
  /** Why a daemon is thought to have the journal and not to answer; undefined: there is none. */
  readonly silent: string | undefined;
  readonly nowUs: number;
}

/** `summary` is of a journal whose daemon does not answer; an empty one is of a route that has never run. */
export function diskStatus(summary: JournalSummary, { route, directory, silent, nowUs }: DiskSubject): RouteStatus {
  return {
    ...UNKNOWN,
    route,
    state: silent === undefined ? "stopped" : "silent",
    detail: silent ?? detailOf(summary) ?? null,
    // As a daemon reports it, so that `status --watch` recognizes the same route when the daemon ends.
    journal: resolve(directory),
    pending_frames: summary.pendingFrames,
    pending_bytes: summary.pendingBytes,
    ...oldestPending(summary.oldestUs, (us) => (nowUs - us) / 1000),
    cursor: summary.cursor,
    end: summary.end,
    at_risk_bytes: summary.atRiskBytes ?? null,
    journal_bytes: summary.journalBytes,
    journal_segments: summary.segments,
  };
}

function detailOf({ clean, atRiskBytes }: JournalSummary): string | undefined {
  if (clean === undefined) return "it has never run";
  if (clean) return undefined;
  if (atRiskBytes === 0) return "the last run did not stop cleanly";
  const most = atRiskBytes === undefined ? "nobody knows how much" : `at most ${counted(atRiskBytes, "byte")}`;
  return `the last run did not stop cleanly; in memory alone: ${most}`;
}
