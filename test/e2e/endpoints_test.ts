/** Either side can listen or connect, over TCP or unix sockets: all combinations carry every frame. */
import { assertEquals } from "../support/assert.ts";
import { addressText, loopback, type PeerAddress } from "../peers/address.ts";
import type { FrameKind } from "../peers/frames.ts";
import { freePorts } from "./rig/ports.ts";
import { assertPerfect, type Scene, scene } from "./rig/scene.ts";
import { until } from "./rig/wait.ts";

const LINE: FrameKind = { kind: "line", size: 300 };
const COUNT = 20_000;

type Role = "listen" | "connect";
type Transport = "tcp" | "unix";

for (const transport of ["tcp", "unix"] as const) {
  for (const source of ["listen", "connect"] as const) {
    for (const target of ["listen", "connect"] as const) {
      scene(
        `a route whose source side ${source}s and target side ${target}s over ${transport} delivers everything`,
        (scene) => carry(scene, transport, source, target),
      );
    }
  }
}

async function carry(scene: Scene, transport: Transport, source: Role, target: Role): Promise<void> {
  const [sourceAddress, targetAddress] = addresses(scene, transport);
  const relay = scene.spillway([{
    name: "feed",
    source: { [source]: addressText(sourceAddress) },
    target: { [target]: addressText(targetAddress) },
    journal: { dir: `${scene.directory}/journal` },
  }]);
  const peer = (role: Role, address: PeerAddress) => role === "listen" ? { connect: address } : { listen: address };
  const sent = scene.producer({ ...peer(source, sourceAddress), frames: LINE, count: COUNT, stallLimitMs: 300 });
  const consumer = scene.consumer({ ...peer(target, targetAddress), frames: LINE });
  assertEquals((await sent).error, undefined);
  await until("everything is there", () => consumer.tally.frames === COUNT || consumer.damage);
  assertEquals((await relay.stop()).code, 0);
  assertPerfect(consumer.report(COUNT), COUNT);
}

function addresses(scene: Scene, transport: Transport): [PeerAddress, PeerAddress] {
  if (transport === "unix") {
    return [{ path: `${scene.directory}/source.sock` }, { path: `${scene.directory}/target.sock` }];
  }
  const [source, target] = freePorts(2);
  return [loopback(source), loopback(target)];
}

scene("IPv6 addresses work on both sides", async (scene) => {
  const [source, target] = freePorts(2);
  const relay = await scene.spillway([{
    name: "feed",
    source: { listen: `[::1]:${source}` },
    target: { connect: `[::1]:${target}` },
    journal: { dir: `${scene.directory}/journal` },
  }]).listening(source);
  const consumer = scene.consumer({ listen: { hostname: "::1", port: target }, frames: LINE });
  await scene.producer({ connect: { hostname: "::1", port: source }, frames: LINE, count: COUNT });
  await until("everything is there", () => consumer.tally.frames === COUNT);
  assertEquals((await relay.stop()).code, 0);
  assertPerfect(consumer.report(COUNT), COUNT);
});

scene("a unix socket file that kill -9 left behind is no obstacle for the next start", async (scene) => {
  const [sourceAddress, targetAddress] = addresses(scene, "unix");
  const routes = [{
    name: "feed",
    source: { listen: addressText(sourceAddress) },
    target: { connect: addressText(targetAddress) },
    journal: { dir: `${scene.directory}/journal` },
  }];
  const first = scene.spillway(routes);
  await scene.producer({ connect: sourceAddress, frames: LINE, count: 1 });
  await first.kill();
  const second = scene.spillway(routes);
  const consumer = scene.consumer({ listen: targetAddress, frames: LINE });
  await scene.producer({ connect: sourceAddress, frames: LINE, first: 1, count: 10 });
  await until("the frames of the second run", () => consumer.tally.has(10));
  assertEquals((await second.stop()).code, 0);
});
