/** What a route does at this moment, in numbers and a word, for those who watch it. Asking costs nothing per frame. */
import type { BufferPool } from "../base/buffer.ts";
import { formatDuration } from "../base/quantity.ts";
import type { Ledger } from "../base/ledger.ts";
import type { Journal } from "../journal/journal.ts";
import type { Source } from "../source/source.ts";
import { oldestArrival } from "../spool/oldest.ts";
import type { Spool } from "../spool/spool.ts";
import type { Supply } from "../target/supply.ts";
import type { Target } from "../target/target.ts";

/**
 * `direct`: frames pass through memory to a consumer that is connected;
 * `draining`: a consumer is connected and the backlog is being sent; `waiting`:
 * no consumer; `full`: the journal takes no frames; `stopping`: the clean stop.
 */
export type RouteState = "direct" | "draining" | "waiting" | "full" | "stopping";

export interface RouteFigures {
  readonly state: RouteState;
  /** Why it is so, where there is something to say. */
  readonly detail: string | undefined;
  /** Does delivery wait for a producer that does not read its answers? */
  readonly waitsForProducer: boolean;
  /** The consumer that is being served. */
  readonly targetPeer: string | undefined;
  readonly targetConnects: number;
  readonly inflightFrames: number;
  readonly inflightBytes: number;
  /** When the oldest frame that is not confirmed arrived, µs since 1970; undefined where none is pending. */
  readonly oldestUs: number | undefined;
  /** Sequences of the next frame to deliver and the next to be received. */
  readonly cursor: number;
  readonly end: number;
  readonly atRiskBytes: number;
  readonly memoryBytes: number;
  readonly memoryMaxBytes: number;
  readonly journalBytes: number;
  readonly journalSegments: number;
  readonly sourceConnections: number;
  readonly sourceRefused: number;
  readonly sourcePausedMs: number;
  /** What keeps producers from being read just now, and how long it has been doing so. */
  readonly sourceHeldUp: { readonly forMs: number; readonly reason: string } | undefined;
}

/** A producer that does not read its answers is worth a word after so long. */
const HELD_UP_MS = 1000;

export interface RouteParts {
  readonly ledger: Ledger;
  readonly journal: Journal;
  readonly pool: BufferPool;
  readonly source: Source;
  readonly spool: Spool;
  readonly target: Target;
  readonly supply: Supply;
  readonly stopping: boolean;
}

/** Rejects with a SystemError if the journal had to be read for the oldest frame's time and cannot be. */
export async function figuresOf(parts: RouteParts): Promise<RouteFigures> {
  const { ledger, journal, pool, source, spool, target } = parts;
  const oldestUs = ledger.pending.frames > 0 ? await oldestArrival(spool) : undefined;
  const usage = await journal.usage();
  const inflight = spool.flight.unconfirmed(spool.confirmed);
  return {
    ...stateOf(parts),
    waitsForProducer: source.forwarding.heldUpMs !== undefined,
    targetPeer: target.peer,
    targetConnects: target.connects,
    inflightFrames: inflight.frames,
    inflightBytes: inflight.bytes,
    oldestUs,
    cursor: spool.confirmed,
    end: spool.window.end,
    atRiskBytes: spool.atRiskBytes,
    memoryBytes: pool.usedBytes,
    memoryMaxBytes: pool.maxBytes,
    journalBytes: usage.bytes,
    journalSegments: usage.segments,
    sourceConnections: source.connections,
    sourceRefused: source.refused,
    sourcePausedMs: source.pausedMs,
    sourceHeldUp: heldUpOf(parts),
  };
}

function heldUpOf({ source, spool }: RouteParts): RouteFigures["sourceHeldUp"] {
  const forMs = source.unreadMs;
  if (forMs === undefined) return undefined;
  const why = spool.overload.failing;
  return { forMs, reason: why === undefined ? "memory is full" : `memory is full: ${why}` };
}

function stateOf({ source, spool, target, supply, stopping }: RouteParts): Pick<RouteFigures, "state" | "detail"> {
  const full = spool.overload.failing;
  if (stopping) return { state: "stopping", detail: undefined };
  if (full !== undefined) return { state: "full", detail: full };
  if (target.peer === undefined) return { state: "waiting", detail: supply.trouble };
  const heldUpMs = source.forwarding.heldUpMs;
  const detail = heldUpMs !== undefined && heldUpMs >= HELD_UP_MS
    ? `the producer has not read its answers for ${formatDuration(heldUpMs)}, delivery waits for it`
    : undefined;
  return { state: spool.direct ? "direct" : "draining", detail };
}
