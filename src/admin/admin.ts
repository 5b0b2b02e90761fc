/** The operator's view of a running relay: a control socket for each route, and a meter for its rates. */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { SkipLimit } from "../journal/journal.ts";
import type { Relay } from "../relay/relay.ts";
import type { Route } from "../relay/route.ts";
import { peerQueueBytes } from "../runtime/peer_queue.ts";
import type { ConnectionLimit } from "../runtime/connection_limit.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { Control } from "./control.ts";
import { liveStatus } from "./live_status.ts";
import { Meter, SAMPLE_MS } from "./meter.ts";
import type { Skipped } from "./protocol.ts";
import { WaitingTime } from "./waiting_time.ts";

export interface AdminOptions {
  readonly runtime: Runtime;
  /** Limits control connections together with all others. */
  readonly connectionLimit: ConnectionLimit;
  readonly clock: Clock;
  /** The log of a route. */
  readonly log: (route: string) => Log;
}

/** Begins to answer requests for each route, until the route stops. Never rejects: the relay runs without it. */
export async function startAdmin({ routes }: Relay, options: AdminOptions): Promise<void> {
  const startedMs = options.clock.monotonicMs();
  await Promise.all(routes.map((route) => serveRoute(route, startedMs, options)));
}

async function serveRoute(
  route: Route,
  startedMs: number,
  { runtime, connectionLimit, clock, log }: AdminOptions,
): Promise<void> {
  const meter = new Meter(route.parts.ledger, clock);
  const over = new AbortController();
  const waiting = new WaitingTime(route.parts.spool.positions.end, clock);
  const context = { clock, pid: runtime.pid, startedMs, waiting };
  const { name, journal } = route.options;
  const opening = Control.open({
    directory: journal.directory,
    net: runtime.net,
    connectionLimit,
    clock,
    log: log(name),
    answer: (request) =>
      request.ask === "skip" ? skip(route, request, request.preview) : liveStatus(route, meter, context),
  });
  // Also while the socket is still being opened: its file must be gone before another process may make one.
  route.closeBeforeRelease(async () => {
    over.abort();
    await (await opening)?.close();
  });
  if (await opening !== undefined) sampleUntil(over.signal, route, clock, { meter, waiting });
}

async function skip(route: Route, limit: SkipLimit, preview: boolean): Promise<Skipped> {
  const { from, until, frames, bytes, inFlight, unreadFrames } = await route.skip(limit, preview);
  return { from, until, frames, bytes, inflight_frames: inFlight, unread_frames: unreadFrames };
}

async function sampleUntil(
  over: AbortSignal,
  route: Route,
  clock: Clock,
  { meter, waiting }: { readonly meter: Meter; readonly waiting: WaitingTime },
): Promise<void> {
  const { positions } = route.parts.spool;
  while (!over.aborted) {
    await clock.sleep(SAMPLE_MS, over);
    meter.sample();
    waiting.note(positions.confirmed, positions.end);
    if (meter.idleMs >= SAMPLE_MS) meter.noteQueue(await unreadByConsumer(route));
  }
}

/** Bytes that a consumer on this machine has received and not read; undefined if unknown or without meaning. */
async function unreadByConsumer({ parts: { target: { serving } }, options }: Route): Promise<number | undefined> {
  const bytes = serving && await peerQueueBytes(serving.local, serving.peer);
  // With reply confirmation a consumer that has nothing left to read owes an answer: its queue proves no progress.
  return bytes === 0 && options.target.confirm === "reply" ? undefined : bytes;
}
