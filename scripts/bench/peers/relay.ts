/** A program between producers and a consumer, as the measurements that copy through it need it. */
import type { Contender } from "../measurement.ts";
import type { RouteStatus } from "../rig/route_status.ts";
import type { Stage } from "../rig/stage.ts";
import type { Payload } from "../payloads.ts";
import { haproxy } from "./haproxy.ts";
import { nginx } from "./nginx.ts";
import { socat } from "./socat.ts";

export interface Relay {
  readonly name: string;
  readonly ours: boolean;
  readonly missing?: string;
  /** Which of the stage's ports producers connect to: the consumer's own where nothing is between. */
  readonly entry: "source" | "target";
  /** Starts what is measured; the stage ends it. */
  start(stage: Stage, payload: Payload): void;
  /** The counts of a Spillway that runs on the stage. */
  status?(stage: Stage): Promise<RouteStatus>;
}

/** The plain copy that Spillway is set beside. */
export const PLAIN_COPY = "socat";

/** No program between: what producer and consumer can do by themselves. */
export const direct: Relay = { name: "direct", ours: false, entry: "target", start: () => {} };

/** Programs that copy from one connection to another, each with its best buffer. */
export function plainRelays(socatBufferBytes: number): readonly Relay[] {
  return [socat(socatBufferBytes), haproxy(), nginx()];
}

/** The relay as a contender; set beside the plain copy, if it is not that itself. */
export function asContender(relay: Relay, run: Contender["run"], beside: string = PLAIN_COPY): Contender {
  const { name, ours, missing } = relay;
  return { name, ours, missing, run, beside: name === beside ? undefined : beside };
}
