/** The state of a route as its journal's files tell it, where no daemon does. */
import { resolve } from "node:path";
import { counted } from "../base/range_text.ts";
import type { JournalSummary } from "../journal/archive.ts";
import { ageSeconds, isoMs, type RouteStatus } from "./status.ts";

export interface DiskSubject {
  readonly route: string;
  /** The journal's directory. */
  readonly directory: string;
  /** A daemon has the journal, and does not answer: why that is thought. */
  readonly silent: string | undefined;
  readonly nowUs: number;
}

/** `summary` is of a journal that no daemon answers for; an empty one is of a route that has never run. */
export function diskStatus(summary: JournalSummary, { route, directory, silent, nowUs }: DiskSubject): RouteStatus {
  const { oldestUs } = summary;
  return {
    route,
    state: silent === undefined ? "stopped" : "silent",
    detail: silent ?? detailOf(summary) ?? null,
    from: "disk",
    pid: null,
    uptime_seconds: null,
    // As a daemon tells it, so that whoever watches finds the same route when that ends.
    journal: resolve(directory),
    source: null,
    target: null,
    pending_frames: summary.pendingFrames,
    pending_bytes: summary.pendingBytes,
    oldest_pending_time: oldestUs === undefined ? null : isoMs(oldestUs),
    oldest_pending_seconds: oldestUs === undefined ? null : ageSeconds(oldestUs, nowUs),
    received_frames_per_second: null,
    received_bytes_per_second: null,
    delivered_frames_per_second: null,
    delivered_bytes_per_second: null,
    drained_in_seconds: null,
    cursor: summary.cursor,
    end: summary.end,
    carried_frames: null,
    carried_bytes: null,
    received_frames: null,
    received_bytes: null,
    delivered_frames: null,
    delivered_bytes: null,
    spilled_frames: null,
    spilled_bytes: null,
    dropped_frames: null,
    dropped_bytes: null,
    dropped: null,
    dropped_last_time: null,
    resent_frames: null,
    may_be_lost_bytes: null,
    at_risk_bytes: summary.atRiskBytes ?? null,
    memory_bytes: null,
    memory_max_bytes: null,
    journal_bytes: summary.journalBytes,
    journal_segments: summary.segments,
    source_connections: null,
    source_refused_connections: null,
    source_paused_seconds: null,
    source_held_up_seconds: null,
    source_held_up_reason: null,
    target_up: false,
    target_peer: null,
    target_connects: null,
    target_inflight_frames: null,
    target_inflight_bytes: null,
  };
}

function detailOf({ clean, atRiskBytes }: JournalSummary): string | undefined {
  if (clean === undefined) return "it has never run";
  if (clean) return undefined;
  if (atRiskBytes === 0) return "the last run did not stop cleanly";
  const most = atRiskBytes === undefined ? "nobody knows how much" : `at most ${counted(atRiskBytes, "byte")}`;
  return `the last run did not stop cleanly; in memory alone: ${most}`;
}
