/** The state of a route of this process. */
import type { Clock } from "../base/clock.ts";
import type { Route } from "../relay/route.ts";
import type { Meter, Rates } from "./meter.ts";
import { type Count, isoMs, type RouteStatus, seconds, type State } from "./status.ts";
import type { WaitingTime } from "./waiting_time.ts";

/** A consumer that confirms nothing for so long, while something is pending, is worth a word. */
const SLOW_MS = 3000;

export interface LiveContext {
  readonly clock: Clock;
  readonly pid: number;
  /** When the process was ready, on the monotonic clock. */
  readonly startedMs: number;
  readonly waiting: WaitingTime;
}

/** Rejects with a SystemError if the journal has to be read for it and cannot be. */
export async function liveStatus(route: Route, meter: Meter, context: LiveContext): Promise<RouteStatus> {
  const { clock, pid, startedMs, waiting } = context;
  const figures = await route.figures();
  const { ledger } = route;
  const { carried, received, delivered, pending, spilled } = ledger;
  const rates = meter.rates();
  const isServing = figures.state === "direct" || figures.state === "draining";
  // Where delivery waits for the producer, the consumer is not the one who stalls.
  const isSilent = isServing && !figures.waitsForProducer && meter.idleMs >= SLOW_MS;
  const stalled = isSilent && meter.isStalled(route.serving?.largestWindow ?? 0);
  const silence = `nothing confirmed for ${Math.floor(meter.idleMs / 1000)} s`;
  const state: State = stalled ? "stalled" : figures.state;
  const dropped = ledger.droppedTotal();
  return {
    route: route.options.name,
    state,
    detail: stalled ? silence : isSilent ? `the consumer is slow: ${silence}` : figures.detail ?? null,
    from: "daemon",
    pid,
    uptime_seconds: seconds(clock.monotonicMs() - startedMs),
    journal: route.options.journal.directory,
    ...route.endpoints,
    pending_frames: pending.frames,
    pending_bytes: pending.bytes,
    oldest_pending_time: figures.oldestUs === undefined ? null : isoMs(figures.oldestUs),
    oldest_pending_seconds: figures.oldestUs === undefined
      ? null
      : seconds(waiting.ofMs(figures.cursor, figures.oldestUs)),
    received_frames_per_second: whole(rates?.receivedFrames),
    received_bytes_per_second: whole(rates?.receivedBytes),
    delivered_frames_per_second: whole(rates?.deliveredFrames),
    delivered_bytes_per_second: whole(rates?.deliveredBytes),
    drained_in_seconds: state === "draining" ? drainedIn(pending, rates) : null,
    cursor: figures.cursor,
    end: figures.end,
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
    at_risk_bytes: figures.atRiskBytes,
    memory_bytes: figures.memoryBytes,
    memory_max_bytes: figures.memoryMaxBytes,
    journal_bytes: figures.journalBytes,
    journal_segments: figures.journalSegments,
    source_connections: figures.sourceConnections,
    source_refused_connections: figures.sourceRefused,
    source_paused_seconds: seconds(figures.sourcePausedMs),
    source_held_up_seconds: figures.sourceHeldUp === undefined ? null : seconds(figures.sourceHeldUp.forMs),
    source_held_up_reason: figures.sourceHeldUp?.reason ?? null,
    target_up: figures.targetPeer !== undefined,
    target_peer: figures.targetPeer ?? null,
    target_connects: figures.targetConnects,
    target_inflight_frames: figures.inflightFrames,
    target_inflight_bytes: figures.inflightBytes,
  };
}

function drainedIn({ bytes }: Count, rates: Rates | undefined): number | null {
  const shrinking = rates === undefined ? 0 : rates.deliveredBytes - rates.receivedBytes;
  // What shrinks by less than a byte a second is not on its way to anywhere.
  return shrinking >= 1 ? Math.round(bytes / shrinking * 10) / 10 : null;
}

function whole(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value);
}
