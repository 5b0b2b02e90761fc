/** Placeholder until the runtime can tell: never stalls. */
import type { Clock } from "../base/clock.ts";
import type { Connection } from "../runtime/net.ts";

export function watchStall(
  _options: {
    readonly connection: Connection;
    readonly clock: Clock;
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
    readonly inFlight: () => boolean;
  },
): Promise<boolean> {
  return Promise.resolve(false);
}
