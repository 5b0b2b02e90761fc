/** The operator's view of a running relay: a control socket for each route, and HTTP where it is asked for. */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { RecentEvents } from "../base/recent_events.ts";
import type { SkipLimit } from "../journal/journal.ts";
import type { Relay } from "../relay/relay.ts";
import type { Route } from "../relay/route.ts";
import type { ConnectionLimit } from "../runtime/connection_limit.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { Control } from "./control.ts";
import type { HttpServer } from "./http/server.ts";
import { LiveRoute } from "./live_route.ts";
import { LoopLag } from "./loop_lag.ts";
import type { Skipped } from "./protocol.ts";

export interface AdminOptions {
  readonly runtime: Runtime;
  /** Limits control connections together with all others. */
  readonly connectionLimit: ConnectionLimit;
  readonly clock: Clock;
  /** The number of the group whose members may use the control sockets as well; undefined: none. */
  readonly controlGroup: number | undefined;
  /** The log of a route. */
  readonly log: (route: string) => Log;
  readonly version: string;
  /** What the log has said last. */
  readonly events: RecentEvents;
  /** What answers HTTP from now on; undefined: nothing does. */
  readonly http: HttpServer | undefined;
}

/** Begins to answer requests for each route, until the route stops. Never rejects: the relay runs without it. */
export async function startAdmin(relay: Relay, options: AdminOptions): Promise<void> {
  const { clock, log, runtime: { pid }, version, events, http } = options;
  const loopLag = new LoopLag(clock);
  const context = { clock, pid, version, loopLag, startedMs: clock.monotonicMs() };
  const routes = relay.routes.map((route) => new LiveRoute(route, log(route.options.name), context));
  const over = new AbortController();
  relay.stopped.finally(() => over.abort());
  void loopLag.measure(over.signal);
  for (const each of routes) void each.sampleUntil(over.signal);
  http?.serve({ routes, loopLag, events });
  await Promise.all(routes.map((each) => openControl(each, options)));
}

async function openControl(live: LiveRoute, options: AdminOptions): Promise<void> {
  const { runtime, connectionLimit, clock, controlGroup, log } = options;
  const { route, name } = live;
  const opening = Control.open({
    directory: route.options.journal.directory,
    net: runtime.net,
    connectionLimit,
    clock,
    log: log(name),
    group: controlGroup,
    answer: (request) => request.ask === "skip" ? skip(route, request, request.preview) : live.status(),
  });
  // Also while the socket is still being opened: its file must be gone before another process may make one.
  route.closeBeforeRelease(async () => await (await opening)?.close());
  await opening;
}

async function skip(route: Route, limit: SkipLimit, preview: boolean): Promise<Skipped> {
  const { from, until, frames, bytes, inFlight, unreadFrames } = await route.skip(limit, preview);
  return { from, until, frames, bytes, inflight_frames: inFlight, unread_frames: unreadFrames };
}
