/** A thousand producers at once on one route, and one that sends a byte a second: none waits for another. */
import { assert, assertEquals } from "../../support/assert.ts";
import { connectTo, loopback } from "../../peers/address.ts";
import { frameFormat, type FrameKind } from "../../peers/frames.ts";
import { freePorts } from "../rig/ports.ts";
import { assertInOrder, scene } from "../rig/scene.ts";
import { pause, until } from "../rig/wait.ts";

const LINE: FrameKind = { kind: "line", size: 128 };
const PRODUCERS = 1_000;
const LINES_EACH = 300;
const SLOW_PRODUCER = PRODUCERS;
const MEMORY_MAX = 150 * 2 ** 20;

scene(
  "a thousand producers at once keep their order and are not held up by one that sends a byte a second",
  async (scene) => {
    const [source, target] = freePorts(2);
    const relay = await scene.spillway([{
      name: "feed",
      source: { listen: `127.0.0.1:${source}` },
      target: { connect: `127.0.0.1:${target}` },
      journal: { dir: `${scene.directory}/journal` },
    }]).listening(source);
    const consumer = scene.consumer({ listen: loopback(target), frames: LINE });
    const slow = await connectTo(loopback(source));
    scene.defer(() => slow.close());
    const line = new Uint8Array(frameFormat(LINE).sizeMax);
    frameFormat(LINE).write(line, 0, SLOW_PRODUCER, 0);
    await slow.write(line.subarray(0, 1));

    const sending = scene.producerProcess({
      connect: loopback(source),
      frames: LINE,
      count: LINES_EACH,
      connections: PRODUCERS,
      writeBytes: 1_000, // in no way a whole number of lines' worth of packets
      stallLimitMs: 2_000,
    });
    sending.catch(() => {});
    for (let i = 1; i < 3; i++) {
      await pause(1_000); // the byte a second is this test's input
      await slow.write(line.subarray(i, i + 1));
    }
    const sent = await sending;
    assertEquals(sent.error, undefined, "the producers finished");
    await until("all lines of the thousand", () => consumer.tally.frames === PRODUCERS * LINES_EACH || consumer.damage);
    assert(!consumer.tally.has(0, SLOW_PRODUCER), "the slow line is not finished yet");
    await slow.write(line.subarray(3));
    await until("the slow line", () => consumer.tally.has(0, SLOW_PRODUCER));

    const peak = relay.memory()!.peakBytes;
    scene.note(
      `${sent.seconds.toFixed(2)} s, longest stall ${sent.longestStallMs} ms, ${Math.round(peak / 2 ** 20)} MiB peak`,
    );
    assertInOrder(consumer.report());
    assertEquals(consumer.tally.repeats, 0);
    for (let i = 0; i < PRODUCERS; i++) assertEquals(consumer.tally.missing(LINES_EACH, i), [], `producer ${i}`);
    assert(peak < MEMORY_MAX, `${Math.round(peak / 2 ** 20)} MiB resident`);
    assertEquals((await relay.stop()).code, 0);
  },
);
