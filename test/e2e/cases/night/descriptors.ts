/** Descriptors run out: more producers come than there is room for, and the consumer has to be served all the same. */
import { loopback } from "../../../peers/address.ts";
import { Crowd } from "../../../peers/crowd.ts";
import { assert } from "../../../support/assert.ts";
import { until } from "../../rig/wait.ts";
import type { NightRoute } from "./route.ts";

/** Runs a command with a limit of them. */
export function withDescriptors(limit: number): readonly string[] {
  return ["bash", "-c", `ulimit -n ${limit}; exec "$@"`, "bash"];
}

/** Producers that say nothing take every place that there is; a consumer that goes and comes again is served. */
export async function exhaust(route: NightRoute, limit: number): Promise<string> {
  const before = await route.live();
  const crowd = new Crowd({ connect: loopback(route.sourcePort), size: limit, begin: new Uint8Array() });
  try {
    await crowd.start();
    await until("the places are taken", async () => {
      const { source_refused_connections, source_connections } = await route.live();
      return source_refused_connections > before.source_refused_connections && source_connections < limit;
    });
    await route.vanish();
    route.appear(0);
    const { target_connects } = before;
    await until("the consumer is served again", async () => (await route.live()).target_connects > target_connects);
    const { source_connections, source_refused_connections } = await route.live();
    assert(source_connections > 0, "producers have a place");
    return `${source_connections} producers, ${source_refused_connections} refused`;
  } finally {
    crowd.stop();
  }
}
