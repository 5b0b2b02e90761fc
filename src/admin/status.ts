/**
 * The state of a route as programs get it: from `status --json` and from HTTP
 * `/status`. Names say the unit; sequences are counts of
 * frames; a number that only a running daemon knows is null without one.
 */

/**
 * `direct`: frames pass through memory to a connected consumer; `draining`: a
 * consumer is connected and the backlog is being sent; `stalled`: a consumer is
 * connected and has shown no sign of reading what is pending for some seconds;
 * `waiting`: no consumer; `full`: the journal takes no frames; `stopping`: the
 * clean stop; `stopped`: no daemon; `silent`: a daemon that does not answer.
 */
export type State = "direct" | "draining" | "stalled" | "waiting" | "full" | "stopping" | "stopped" | "silent";

export interface Count {
  readonly frames: number;
  readonly bytes: number;
}

export interface RouteStatus {
  readonly route: string;
  readonly state: State;
  /** Why it is so, where there is something to say. */
  readonly detail: string | null;
  /** Where this comes from: the running daemon, or the journal's files. */
  readonly from: "daemon" | "disk";
  /** The daemon's. */
  readonly pid: number | null;
  readonly uptime_seconds: number | null;
  readonly version: string | null;
  /** How late the daemon's event loop was at most, in the last seconds. */
  readonly event_loop_lag_seconds: number | null;
  /** The journal's directory. */
  readonly journal: string;
  readonly source: string | null;
  readonly target: string | null;
  readonly pending_frames: number;
  readonly pending_bytes: number;
  /** Arrival of the oldest pending frame; null where none is pending. */
  readonly oldest_pending_time: string | null;
  readonly oldest_pending_seconds: number | null;
  /** Over the last seconds. */
  readonly received_frames_per_second: number | null;
  readonly received_bytes_per_second: number | null;
  readonly delivered_frames_per_second: number | null;
  readonly delivered_bytes_per_second: number | null;
  /** At these rates; null where the backlog does not shrink, or there is none. */
  readonly drained_in_seconds: number | null;
  /** Sequence of the next frame to deliver, and of the next to be received. */
  readonly cursor: number;
  readonly end: number;
  /** Since the daemon started; carried is what it found pending then. */
  readonly carried_frames: number | null;
  readonly carried_bytes: number | null;
  readonly received_frames: number | null;
  readonly received_bytes: number | null;
  readonly delivered_frames: number | null;
  readonly delivered_bytes: number | null;
  readonly spilled_frames: number | null;
  readonly spilled_bytes: number | null;
  readonly dropped_frames: number | null;
  readonly dropped_bytes: number | null;
  /** By reason. */
  readonly dropped: Readonly<Record<string, Count>> | null;
  /** When something was last dropped, by reason. */
  readonly dropped_last_time: Readonly<Record<string, string>> | null;
  readonly resent_frames: number | null;
  /** Confirmed, perhaps not read by the consumer's program, and not sent again when its connection was lost. */
  readonly may_be_lost_bytes: number | null;
  /** Read, not appended, not confirmed: what `kill -9` would cost now; without a daemon what it has cost at most, if known. */
  readonly at_risk_bytes: number | null;
  readonly memory_bytes: number | null;
  readonly memory_max_bytes: number | null;
  readonly journal_bytes: number;
  readonly journal_segments: number;
  /** How large it may become, by its limits and the room on its disk; null where nothing limits it, or a daemon would know. */
  readonly journal_capacity_bytes: number | null;
  /** When the journal has no room any more, at these rates; null where its backlog does not grow. */
  readonly journal_full_seconds: number | null;
  /** Damaged bytes and refused frames that the daemon has set aside. */
  readonly quarantined_bytes: number | null;
  readonly source_connections: number | null;
  readonly source_refused_connections: number | null;
  /** Time in which reading was stopped for want of memory; a second counts once, however many producers wait in it. */
  readonly source_paused_seconds: number | null;
  /** Time in which reading waited for a target that was about to make room, at most 20 ms at a time; counted as above. */
  readonly source_patience_seconds: number | null;
  /** How long a producer has been waiting to be read, and for what; null while none waits. */
  readonly source_held_up_seconds: number | null;
  readonly source_held_up_reason: string | null;
  /** Bytes of producers that the kernel has and that are not read yet. */
  readonly source_recv_queue_bytes: number | null;
  readonly target_up: boolean;
  /** How long no consumer has been connected; null while one is. */
  readonly target_away_seconds: number | null;
  readonly target_peer: string | null;
  readonly target_connects: number | null;
  readonly target_inflight_frames: number | null;
  readonly target_inflight_bytes: number | null;
  /** Time in which the consumer's window kept the kernel from sending. */
  readonly target_window_limited_seconds: number | null;
  /** From a frame's arrival to its confirmation, since the daemon started: half of all frames took less. */
  readonly delivery_seconds_50: number | null;
  /** Likewise: 99 % took less. */
  readonly delivery_seconds_99: number | null;
}

/**
 * What is reported where nothing is known; also the order of the fields in JSON.
 * Both kinds of status begin with it.
 */
export const UNKNOWN: RouteStatus = {
  route: "",
  state: "stopped",
  detail: null,
  from: "disk",
  pid: null,
  uptime_seconds: null,
  version: null,
  event_loop_lag_seconds: null,
  journal: "",
  source: null,
  target: null,
  pending_frames: 0,
  pending_bytes: 0,
  oldest_pending_time: null,
  oldest_pending_seconds: null,
  received_frames_per_second: null,
  received_bytes_per_second: null,
  delivered_frames_per_second: null,
  delivered_bytes_per_second: null,
  drained_in_seconds: null,
  cursor: 0,
  end: 0,
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
  at_risk_bytes: null,
  memory_bytes: null,
  memory_max_bytes: null,
  journal_bytes: 0,
  journal_segments: 0,
  journal_capacity_bytes: null,
  journal_full_seconds: null,
  quarantined_bytes: null,
  source_connections: null,
  source_refused_connections: null,
  source_paused_seconds: null,
  source_patience_seconds: null,
  source_held_up_seconds: null,
  source_held_up_reason: null,
  source_recv_queue_bytes: null,
  target_up: false,
  target_away_seconds: null,
  target_peer: null,
  target_connects: null,
  target_inflight_frames: null,
  target_inflight_bytes: null,
  target_window_limited_seconds: null,
  delivery_seconds_50: null,
  delivery_seconds_99: null,
};

/** A journal beside those of the configuration that no route delivers. */
export interface UndeliveredJournal {
  readonly journal: string;
  readonly pending_frames: number;
  readonly pending_bytes: number;
}

/** What `status` reports, all of it at one time. */
export interface StatusReport {
  readonly time: string;
  readonly routes: readonly RouteStatus[];
  /** Where the routes are those of a configuration. */
  readonly undelivered?: readonly UndeliveredJournal[];
}

/** ISO 8601 in UTC, to the millisecond, of µs since 1970. */
export function isoMs(us: number): string {
  return new Date(us / 1000).toISOString();
}

/** The fields about the oldest pending frame, which arrived at `us`; none is pending if that is undefined. */
export function oldestPending(
  us: number | undefined,
  waitingMs: (us: number) => number,
): Pick<RouteStatus, "oldest_pending_time" | "oldest_pending_seconds"> {
  if (us === undefined) return { oldest_pending_time: null, oldest_pending_seconds: null };
  return { oldest_pending_time: isoMs(us), oldest_pending_seconds: seconds(waitingMs(us)) };
}

/** Seconds to the millisecond, not below zero. */
export function seconds(ms: number): number {
  return Math.max(0, Math.round(ms)) / 1000;
}
