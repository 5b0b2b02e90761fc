/** What a running daemon says of a route, as far as a night looks at it. */
import { assert } from "../../../support/assert.ts";
import type { NightRoute } from "./route.ts";

export interface LiveRoute {
  readonly route: string;
  readonly from: string;
  readonly state: string;
  readonly detail: string | null;
  readonly source_connections: number;
  readonly pending_frames: number;
  readonly carried_frames: number;
  readonly received_frames: number;
  readonly delivered_frames: number;
  readonly dropped_frames: number;
  readonly may_be_lost_bytes: number;
  readonly dropped: Record<string, { frames: number; bytes: number }>;
  readonly cursor: number;
  readonly end: number;
  readonly memory_bytes: number;
  readonly memory_max_bytes: number;
  readonly journal_bytes: number;
  readonly journal_segments: number;
  readonly target_up: boolean;
  readonly target_connects: number;
  readonly uptime_seconds: number;
  readonly oldest_pending_seconds: number | null;
  readonly drained_in_seconds: number | null;
  readonly source_paused_seconds: number;
  readonly source_held_up_seconds: number | null;
  readonly source_refused_connections: number;
}

/** Seconds of the machine that is busy. */
const SLACK = 0.5;

/** Whatever the machine's clock has done: nothing of this life has taken longer than it. */
export function checkTimes(live: LiveRoute, route: Pick<NightRoute, "carriedUntil" | "startedMs" | "setting">): void {
  const most = (performance.now() - route.startedMs) / 1000 + SLACK;
  const told = `longer than ${most} s: ${JSON.stringify(live)}`;
  for (const name of ["uptime_seconds", "source_paused_seconds", "source_held_up_seconds"] as const) {
    assert((live[name] ?? 0) >= 0 && (live[name] ?? 0) <= most, `${name}: ${told}`);
  }
  const { oldest_pending_seconds: oldest, drained_in_seconds: drained } = live;
  const isOurs = live.cursor >= route.carriedUntil;
  assert(oldest === null || oldest >= 0 && (oldest <= most || !isOurs), `oldest_pending_seconds: ${told}`);
  assert(drained === null || drained >= 0, `drained_in_seconds: ${told}`);
  const expired = live.dropped.expired?.frames ?? 0;
  const isAged = route.setting.maxAgeMs / 1000 <= most;
  assert(expired === 0 || isAged || expired <= live.carried_frames, `received and expired at once: ${told}`);
}
