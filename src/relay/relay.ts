/** All routes of one configuration. They start together or not at all, and stop together. */
import type { Clock } from "../base/clock.ts";
import { EXIT } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import { StopDeadline } from "../base/stop_deadline.ts";
import type { ConnectionLimit } from "../runtime/connection_limit.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { RouteOptions } from "./options.ts";
import { Route } from "./route.ts";

export interface RelayOptions {
  readonly routes: readonly RouteOptions[];
  readonly runtime: Runtime;
  readonly clock: Clock;
  /** The log of a route. */
  readonly log: (route: string) => Log;
  /** The name of this process's user, for messages. */
  readonly user: string;
  /** Limits the incoming connections of all routes together. */
  readonly connectionLimit: ConnectionLimit;
}

export interface Relay {
  readonly routes: readonly Route[];
  /** Resolves to the process's exit code after a stop: 0, or 1 if frames were lost by it. */
  readonly stopped: Promise<number>;
  /** Begins the clean stop, which takes at most 5 s. Further calls do nothing. */
  stop(): void;
  /** The stop no longer waits for producers and consumers. No effect before it has begun. */
  hurry(): void;
}

/**
 * Opens every journal, binds every address, then starts every route. If one of
 * these fails, rejects with a SpillwayError or SystemError, with everything
 * released again.
 */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const { runtime, clock, user, connectionLimit } = options;
  const routes: Route[] = [];
  try {
    for (const route of options.routes) {
      routes.push(await Route.open(route, { runtime, clock, user, connectionLimit, log: options.log(route.name) }));
    }
  } catch (error) {
    await Promise.all(routes.map((route) => route.abandon()));
    throw error;
  }
  for (const route of routes) route.start();
  return relayOf(routes, clock);
}

function relayOf(routes: readonly Route[], clock: Clock): Relay {
  const asked = Promise.withResolvers<StopDeadline>();
  let deadline: StopDeadline | undefined;
  const stopped = asked.promise.then(async (deadline) => {
    const clean = await Promise.all(routes.map((route) => route.stop(deadline)));
    return clean.every(Boolean) ? EXIT.ok : EXIT.failed;
  });
  return {
    routes,
    stopped,
    stop: () => asked.resolve(deadline ??= new StopDeadline(clock)),
    hurry: () => deadline?.hurry(),
  };
}
