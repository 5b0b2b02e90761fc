/** The state of a route as its journal's files tell it, where no daemon does. */
import { resolve } from "node:path";
import { counted } from "../base/range_text.ts";
import { type Glance, glanceAt } from "../journal/files/archive/summary.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { ageSeconds, isoMs, type RouteStatus } from "./status.ts";

export interface DiskSubject {
  readonly route: string;
  /** The journal's directory. */
  readonly directory: string;
  /** A daemon has the journal, and does not answer: why that is thought. */
  readonly silent: string | undefined;
  readonly nowUs: number;
}

const NEVER: Glance = {
  cursor: 0,
  end: 0,
  pendingFrames: 0,
  pendingBytes: 0,
  oldestUs: undefined,
  journalBytes: 0,
  segments: 0,
  clean: undefined,
  atRiskBytes: 0,
};

/**
 * Looks at the files, without a lock and without changing anything. A directory
 * that does not exist is a route that has never run. Rejects with a
 * `SpillwayError` or `SystemError` if the journal cannot be read.
 */
export async function diskStatus(runtime: Runtime, subject: DiskSubject): Promise<RouteStatus> {
  const { route, directory, silent, nowUs } = subject;
  const { files } = runtime;
  const exists = await files.stat(directory) !== undefined;
  const glance = exists ? await glanceAt(files, directory) : NEVER;
  const { oldestUs } = glance;
  return {
    route,
    state: silent === undefined ? "stopped" : "silent",
    detail: silent ?? detailOf(glance) ?? null,
    from: "disk",
    pid: null,
    uptime_seconds: null,
    // As a daemon tells it, so that whoever watches finds the same route when that ends.
    journal: resolve(directory),
    source: null,
    target: null,
    pending_frames: glance.pendingFrames,
    pending_bytes: glance.pendingBytes,
    oldest_pending_time: oldestUs === undefined ? null : isoMs(oldestUs),
    oldest_pending_seconds: oldestUs === undefined ? null : ageSeconds(oldestUs, nowUs),
    received_frames_per_second: null,
    received_bytes_per_second: null,
    delivered_frames_per_second: null,
    delivered_bytes_per_second: null,
    drained_in_seconds: null,
    cursor: glance.cursor,
    end: glance.end,
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
    at_risk_bytes: glance.atRiskBytes ?? null,
    memory_bytes: null,
    memory_max_bytes: null,
    journal_bytes: glance.journalBytes,
    journal_segments: glance.segments,
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

function detailOf({ clean, atRiskBytes }: Glance): string | undefined {
  if (clean === undefined) return "it has never run";
  if (clean) return undefined;
  if (atRiskBytes === 0) return "the last run did not stop cleanly";
  const most = atRiskBytes === undefined ? "nobody knows how much" : `at most ${counted(atRiskBytes, "byte")}`;
  return `the last run did not stop cleanly; in memory alone: ${most}`;
}
