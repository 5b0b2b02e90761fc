/** SIGTERM while much is in memory and the consumer is frozen: nothing that was read is lost. */
import { assert, assertEquals } from "../support/assert.ts";
import { loopback } from "../peers/address.ts";
import type { FrameKind } from "../peers/frames.ts";
import { TCP_ESTABLISHED, tcpRows } from "../peers/kernel_queues.ts";
import { freePorts } from "./rig/ports.ts";
import { assertInOrder, scene } from "./rig/scene.ts";
import { steady, until } from "./rig/wait.ts";

const FRAME_BYTES = 100;
const FRAMES: FrameKind = { kind: "line", size: FRAME_BYTES };
const COUNT = 50_000;
/** What memory holds while everything is unconfirmed; far below the half at which it would spill. */
const MEMORY = "32MiB";

for (const mode of ["overflow", "always"]) {
  scene(`SIGTERM with 50,000 frames in memory and a frozen consumer loses no frame (${mode})`, async (scene) => {
    const [source, target] = freePorts(2);
    const routes = [{
      name: "feed",
      source: { listen: `127.0.0.1:${source}` },
      target: { connect: `127.0.0.1:${target}` },
      memory: { max_bytes: MEMORY },
      journal: { dir: `${scene.directory}/journal`, mode },
    }];
    const consumer = scene.consumer({ listen: loopback(target), frames: FRAMES, frozen: true });
    const first = await scene.spillway(routes).listening(source);
    await until("the consumer is connected", () => consumer.tally.connections.length === 1);
    const sent = await scene.producer({ connect: loopback(source), frames: FRAMES, count: COUNT, stallLimitMs: 300 });
    assertEquals(sent.error, undefined);
    const inFlight = await steady("what is in flight", () => writtenAndNotAcknowledged(target));
    const unread = acknowledgedAndNotRead(target);

    const stopped = await first.stop();
    scene.note(`stopped in ${stopped.seconds.toFixed(2)} s with ${inFlight} B in flight, ${unread} B not read`);
    assertEquals(stopped.code, 0, "exit code");
    assert(stopped.seconds < 5, `a clean stop takes at most 5 s, not ${stopped.seconds}`);

    const second = await scene.spillway(routes).listening(source);
    consumer.thaw();
    await until("everything is there", () => consumer.tally.end() === COUNT || consumer.damage);
    assertEquals((await second.stop()).code, 0);
    const report = consumer.report(COUNT);
    assertInOrder(report);
    assertEquals(report.missing, [], "missing");
    const bound = Math.ceil((inFlight + unread) / FRAME_BYTES) + 1;
    scene.note(`repeats: ${report.repeats} frames, ${bound} were in flight or not read`);
    assert(report.repeats <= bound, `${report.repeats} frames came twice, ${bound} were in flight or not read`);
  });
}

/** What the consumer's kernel holds for it. */
function acknowledgedAndNotRead(consumerPort: number): number {
  return tcpRows().find((row) => row.localPort === consumerPort && row.state === TCP_ESTABLISHED)?.rxQueue ?? 0;
}

function writtenAndNotAcknowledged(consumerPort: number): number {
  const row = tcpRows().find((row) => row.remotePort === consumerPort && row.state === TCP_ESTABLISHED);
  return row?.txQueue ?? 0;
}
