/** A clean stop and a restart between two bursts show in the log and nowhere else. */
import { assert, assertEquals } from "../support/assert.ts";
import { loopback } from "../peers/address.ts";
import type { FrameKind } from "../peers/frames.ts";
import { freePorts } from "./rig/ports.ts";
import { assertPerfect, scene } from "./rig/scene.ts";
import { until } from "./rig/wait.ts";

const LINE: FrameKind = { kind: "line", size: 200 };
const BURST = 100_000;

for (const mode of ["overflow", "always"]) {
  scene(
    `a restart between two bursts loses nothing and repeats nothing while the consumer reads (${mode})`,
    async (scene) => {
      const [source, target] = freePorts(2);
      const routes = [{
        name: "feed",
        source: { listen: `127.0.0.1:${source}` },
        target: { connect: `127.0.0.1:${target}` },
        journal: { dir: `${scene.directory}/journal`, mode },
      }];
      const consumer = scene.consumer({ listen: loopback(target), frames: LINE, bytesPerSecond: 30e6 });
      const first = await scene.spillway(routes).listening(source);
      assertEquals((await scene.producer({ connect: loopback(source), frames: LINE, count: BURST })).error, undefined);
      await until("the consumer is in the middle", () => consumer.tally.frames > BURST / 10);
      const stopped = await first.stop();
      const delivered = consumer.tally.frames;
      scene.note(`stopped in ${stopped.seconds.toFixed(2)} s with ${delivered} of ${BURST} lines delivered`);
      assertEquals(stopped.code, 0);
      assert(stopped.seconds < 5, "a clean stop takes at most 5 s");

      const second = await scene.spillway(routes).listening(source);
      await scene.producer({ connect: loopback(source), frames: LINE, first: BURST, count: BURST });
      await until("everything is there", () => consumer.tally.end() === 2 * BURST);
      assertEquals((await second.stop()).code, 0);
      assertPerfect(consumer.report(2 * BURST), 2 * BURST);
    },
  );
}
