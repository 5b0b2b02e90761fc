/** `target.listen` serves one consumer at a time; a second one waits, gets nothing, and takes over. */
import { assert, assertEquals } from "../support/assert.ts";
import { loopback } from "../peers/address.ts";
import type { FrameKind } from "../peers/frames.ts";
import { freePorts } from "./rig/ports.ts";
import { assertInOrder, scene } from "./rig/scene.ts";
import { until } from "./rig/wait.ts";

const LINE: FrameKind = { kind: "line", size: 100 };
const COUNT = 5_000;

scene(
  "a second consumer gets nothing while the first is served, and takes over where the first ended",
  async (scene) => {
    const [source, target] = freePorts(2);
    const relay = await scene.spillway([{
      name: "feed",
      source: { listen: `127.0.0.1:${source}` },
      target: { listen: `127.0.0.1:${target}` },
      journal: { dir: `${scene.directory}/journal` },
    }]).listening(source, target);
    const first = scene.consumer({ connect: loopback(target), frames: LINE });
    await scene.producer({ connect: loopback(source), frames: LINE, count: COUNT });
    await until("the first consumer has everything so far", () => first.tally.frames === COUNT);
    const second = scene.consumer({ connect: loopback(target), frames: LINE });
    await relay.saying(/consumer waits/);
    await scene.producer({ connect: loopback(source), frames: LINE, first: COUNT, count: COUNT });
    await until("the first consumer has the rest too", () => first.tally.frames === 2 * COUNT);
    assertEquals(second.tally.frames, 0, "frames of the one that waits");

    await first.stop();
    await scene.producer({ connect: loopback(source), frames: LINE, first: 2 * COUNT, count: COUNT });
    await until("the second consumer takes over", () => second.tally.has(3 * COUNT - 1) || second.damage);
    assertInOrder(second.report());
    assert(second.tally.connections[0].first <= 2 * COUNT, "nothing was left out between the two");
    assertEquals((await relay.stop()).code, 0);
  },
);
