/** The state of a route of this process. Computing it costs nothing per frame. */
import type { Clock } from "../base/clock.ts";
import { formatDuration } from "../base/quantity.ts";
import type { JournalUsage } from "../journal/journal.ts";
import type { Route } from "../relay/route.ts";
import type { LoopLag } from "./loop_lag.ts";
import type { Meter, Rates } from "./meter.ts";
import { type Count, isoMs, oldestPending, type RouteStatus, seconds, type State, UNKNOWN } from "./status.ts";
import type { WaitingTime } from "./waiting_time.ts";

/** A consumer that confirms nothing for this long, in ms, while something is pending, is reported. */
const SLOW_MS = 3000;

/** A producer that does not read its replies for this long, in ms, is reported. */
const HELD_UP_MS = 1000;

export interface LiveContext {
  readonly clock: Clock;
  readonly pid: number;
  readonly version: string;
  readonly loopLag: Pick<LoopLag, "seconds">;
  /** When the process was ready, on the monotonic clock. */
  readonly startedMs: number;
  readonly waiting: WaitingTime;
}

/** Rejects with a SystemError if the journal has to be read for the oldest frame's time and cannot be. */
export async function liveStatus(route: Route, meter: Meter, context: LiveContext): Promise<RouteStatus> {
  const { clock, pid, version, loopLag, startedMs, waiting } = context;
  const { ledger, journal, memory, source, spool, target, times } = route.parts;
  const oldestUs = ledger.pending.frames > 0 ? await spool.backlog.oldestArrival() : undefined;
  const usage = await journal.usage();
  const { carried, received, delivered, pending, spilled } = ledger;
  const dropped = ledger.droppedTotal();
  const inflight = spool.inFlight.between(spool.confirmed);
  const rates = meter.rates();
  const { state, detail } = stateOf(route, meter);
  return {
    ...UNKNOWN,
    route: route.options.name,
    state,
    detail: detail ?? null,
    from: "daemon",
    pid,
    uptime_seconds: seconds(clock.monotonicMs() - startedMs),
    version,
    event_loop_lag_seconds: loopLag.seconds,
    journal: route.options.journal.directory,
    ...route.endpoints,
    pending_frames: pending.frames,
    pending_bytes: pending.bytes,
    ...oldestPending(oldestUs, (us) => waiting.ofMs(spool.confirmed, us)),
    received_frames_per_second: whole(rates?.receivedFrames),
    received_bytes_per_second: whole(rates?.receivedBytes),
    delivered_frames_per_second: whole(rates?.deliveredFrames),
    delivered_bytes_per_second: whole(rates?.deliveredBytes),
    drained_in_seconds: state === "draining" ? drainedIn(pending, rates) : null,
    cursor: spool.confirmed,
    end: spool.positions.end,
    carried_frames: carried.frames,
    carried_bytes: carried.bytes,
    received_frames: received.frames,
    received_bytes: received.bytes,
    delivered_frames: delivered.frames,
    delivered_bytes: delivered.bytes,
    spilled_frames: spilled.frames,
    spilled_bytes: spilled.bytes,
    dropped_frames: dropped.frames,
    dropped_bytes: dropped.bytes,
    dropped: Object.fromEntries([...ledger.dropped].map(([reason, { frames, bytes }]) => [reason, { frames, bytes }])),
    dropped_last_time: Object.fromEntries([...ledger.droppedAtUs].map(([reason, us]) => [reason, isoMs(us)])),
    resent_frames: ledger.resentFrames,
    may_be_lost_bytes: ledger.mayBeLostBytes,
    at_risk_bytes: spool.atRiskBytes,
    memory_bytes: memory.pool.usedBytes,
    memory_max_bytes: memory.pool.maxBytes,
    journal_bytes: usage.bytes,
    journal_segments: usage.segments,
    journal_capacity_bytes: usage.capacityBytes ?? null,
    journal_full_seconds: state === "direct" ? null : fullIn(usage, rates),
    quarantined_bytes: usage.quarantinedBytes,
    source_connections: source.connections,
    source_refused_connections: source.refused,
    source_paused_seconds: seconds(source.pausedMs),
    source_patience_seconds: seconds(source.patientMs),
    ...unreadSource(route),
    source_recv_queue_bytes: source.arrivedBytes,
    target_up: target.peer !== undefined,
    target_away_seconds: target.awayMs === undefined ? null : seconds(target.awayMs),
    target_peer: target.peer ?? null,
    target_connects: target.connects,
    target_inflight_frames: inflight.frames,
    target_inflight_bytes: inflight.bytes,
    target_window_limited_seconds: seconds(target.windowLimitedMs),
    delivery_seconds_50: rounded(times.delivery.quantile(0.5)),
    delivery_seconds_99: rounded(times.delivery.quantile(0.99)),
  };
}

interface StateAndDetail {
  readonly state: State;
  readonly detail: string | undefined;
}

function stateOf({ parts: { source, spool, target, consumers }, isStopping }: Route, meter: Meter): StateAndDetail {
  const full = spool.overload.failing;
  if (isStopping) return { state: "stopping", detail: undefined };
  if (full !== undefined) return { state: "full", detail: full };
  if (target.peer === undefined) return { state: "waiting", detail: consumers.lastError };
  const state = spool.state.direct ? "direct" : "draining";
  const heldUpMs = source.forwarding.heldUpMs;
  if (heldUpMs !== undefined) {
    // Delivery waits for the producer: the consumer is not the one that stalls.
    const detail = `the producer has not read its answers for ${formatDuration(heldUpMs)}, delivery waits for it`;
    return { state, detail: heldUpMs >= HELD_UP_MS ? detail : undefined };
  }
  if (meter.idleMs < SLOW_MS) return { state, detail: undefined };
  const silence = `nothing confirmed for ${Math.floor(meter.idleMs / 1000)} s`;
  if (meter.isStalled(target.serving?.largestWindow ?? 0)) return { state: "stalled", detail: silence };
  return { state, detail: `the consumer is slow: ${silence}` };
}

/** How long producers have been waiting to be read, and for what. */
function unreadSource(
  { parts: { source, spool } }: Route,
): Partial<Pick<RouteStatus, "source_held_up_seconds" | "source_held_up_reason">> {
  const { unreadMs } = source;
  if (unreadMs === undefined) return {};
  const why = spool.overload.failing;
  return {
    source_held_up_seconds: seconds(unreadMs),
    source_held_up_reason: why === undefined ? "memory is full" : `memory is full: ${why}`,
  };
}

function drainedIn({ bytes }: Count, rates: Rates | undefined): number | null {
  const shrinking = rates === undefined ? 0 : rates.deliveredBytes - rates.receivedBytes;
  // A backlog that shrinks by less than a byte per second has no end worth reporting.
  return shrinking >= 1 ? Math.round(bytes / shrinking * 10) / 10 : null;
}

/** While the backlog grows, the journal grows as fast. */
function fullIn({ bytes, capacityBytes }: JournalUsage, rates: Rates | undefined): number | null {
  const growing = rates === undefined ? 0 : rates.receivedBytes - rates.deliveredBytes;
  if (capacityBytes === undefined || growing < 1) return null;
  return Math.round(Math.max(0, capacityBytes - bytes) / growing * 10) / 10;
}

/** To the µs. */
function rounded(seconds: number | undefined): number | null {
  return seconds === undefined ? null : Math.round(seconds * 1e6) / 1e6;
}

function whole(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value);
}
