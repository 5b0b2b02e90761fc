/** A list of targets: which of them is served, and that nothing is missing over all of them together. */
import { loopback } from "../peers/address.ts";
import type { FrameKind } from "../peers/frames.ts";
import { assertEquals } from "../support/assert.ts";
import { freePorts } from "./rig/ports.ts";
import { assertInOrder, scene } from "./rig/scene.ts";
import { until } from "./rig/wait.ts";

const LINE: FrameKind = { kind: "line", size: 500 };
const COUNT = 30_000;

scene(
  "the preferred target that can be reached has the route until its connection ends, and nothing is missing",
  async (scene) => {
    const [source, first, second] = freePorts(3);
    const relay = await scene.spillway([{
      name: "feed",
      source: { listen: `127.0.0.1:${source}` },
      target: { connect: [`127.0.0.1:${first}`, `127.0.0.1:${second}`], retry_min: "20ms", retry_max: "50ms" },
    }]).listening(source);
    await relay.saying(/cannot connect to the target.*ECONNREFUSED.*; .*ECONNREFUSED/);

    const substitute = scene.consumer({ listen: loopback(second), frames: LINE });
    const producing = scene.producer({ connect: loopback(source), frames: LINE, count: COUNT, bytesPerSecond: 5e6 });
    await until("the second one stands in", () => substitute.tally.frames > COUNT / 10);
    const preferred = scene.consumer({ listen: loopback(first), frames: LINE });
    await until("it goes on", () => substitute.tally.frames > COUNT / 3);
    assertEquals(preferred.tally.frames, 0, "the first one is not served while the second one is");

    await substitute.stop();
    await until("the first one has the rest", () => preferred.tally.has(COUNT - 1));
    assertEquals((await producing).error, undefined);
    assertInOrder(substitute.report());
    assertInOrder(preferred.report());
    const missing = Array.from({ length: COUNT }, (_, i) => i).filter((i) =>
      !substitute.tally.has(i) && !preferred.tally.has(i)
    );
    assertEquals(missing, []);
    const { code } = await relay.stop();
    assertEquals(code, 0);
  },
);
