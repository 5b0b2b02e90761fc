/** Who may connect: networks and places of one address, on sockets of both families. */
import { loopback } from "../peers/address.ts";
import type { FrameKind } from "../peers/frames.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { freePorts } from "./rig/ports.ts";
import { scene } from "./rig/scene.ts";
import { until } from "./rig/wait.ts";

const LINE: FrameKind = { kind: "line", size: 64 };

/** Resolves once the relay has closed the connection; rejects if it sends something. */
async function closedByRelay(connection: Deno.Conn): Promise<void> {
  const count = await connection.read(new Uint8Array(1)).catch(() => null);
  connection.close();
  assertEquals(count, null);
}

scene("of two networks the one that is allowed gets in, as a producer and as a consumer", async (scene) => {
  const [source, target] = freePorts(2);
  const relay = await scene.spillway([{
    name: "feed",
    source: { listen: `:${source}`, allow: ["10.0.0.0/8", "::1"], max_connections_per_ip: 1 },
    target: { listen: `:${target}`, allow: ["127.0.0.0/8"] },
  }]).listening(source);

  await closedByRelay(await Deno.connect({ hostname: "127.0.0.1", port: source }));
  await relay.saying(/source connection refused.*"127\.0\.0\.1:\d+".*its address is not in source\.allow/);
  await closedByRelay(await Deno.connect({ hostname: "::1", port: target }));
  await relay.saying(/consumer is refused.*"\[::1\]:/);

  const first = await Deno.connect({ hostname: "::1", port: source });
  await relay.saying(/source connected.*"\[::1\]:/);
  await closedByRelay(await Deno.connect({ hostname: "::1", port: source }));
  first.close();
  await relay.saying(/source disconnected/);

  const consumer = scene.consumer({ connect: loopback(target), frames: LINE });
  const report = await scene.producer({ connect: { hostname: "::1", port: source }, frames: LINE, count: 100 });
  assertEquals(report.error, undefined);
  await until("all that was sent is there", () => consumer.tally.end() === 100);
  const { code } = await relay.stop();
  assertEquals(code, 0);
  assert(relay.logged(/source connected/).length === 2, "nobody else got in");
});
