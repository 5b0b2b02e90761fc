/** The consumer moves to another host and keeps its name: DNS, or a container that was started anew. */
import type { FrameKind } from "../peers/frames.ts";
import { RudeConsumer } from "../peers/rude_consumer.ts";
import { assert } from "../support/assert.ts";
import { freePorts } from "./rig/ports.ts";
import { loopback } from "../peers/address.ts";
import { scene } from "./rig/scene.ts";
import { until } from "./rig/wait.ts";

const LINE: FrameKind = { kind: "line", size: 100 };
/** Bun's own dialling goes by an answer for 30 s. */
const FOUND_MS_MAX = 5_000;

scene("a target whose name has moved is found at the next attempt", async (scene) => {
  const [source, target] = freePorts(2);
  const hosts = `${scene.directory}/hosts`;
  const name = (address: string) => Deno.writeTextFileSync(hosts, `127.0.0.1 localhost\n${address} consumer-host\n`);
  name("127.0.0.2");
  const old = new RudeConsumer({ hostname: "127.0.0.2", port: target }, "close");
  scene.defer(() => old.stop());
  const relay = await scene.spillway([{
    name: "feed",
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `consumer-host:${target}` },
  }], {
    inside: ["unshare", "-m", "sh", "-c", `mount --bind ${hosts} /etc/hosts && exec "$@"`, "sh"],
  }).listening(source);
  await scene.producer({ connect: loopback(source), frames: LINE, count: 10 });
  await until("the old host is dialled", () => old.connections > 1);
  const consumer = scene.consumer({ listen: { hostname: "127.0.0.3", port: target }, frames: LINE });
  name("127.0.0.3");
  const begin = performance.now();
  await until("the new one is found", () => consumer.tally.connections.length > 0, { timeoutMs: 40_000 });
  const ms = performance.now() - begin;
  scene.note(`found after ${Math.round(ms)} ms`);
  assert(ms < FOUND_MS_MAX, `found after ${Math.round(ms)} ms`);
  await until("everything is there", () => consumer.tally.end() === 10);
  await relay.stop();
}, ["tmpfs"]);
