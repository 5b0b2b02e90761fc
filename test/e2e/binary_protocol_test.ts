/** A binary protocol with a 4-byte length prefix, frames of 300 B to 10 KB, every byte of every frame checked. */
import { assertEquals } from "../support/assert.ts";
import { loopback } from "../peers/address.ts";
import type { FrameKind } from "../peers/frames.ts";
import { freePorts } from "./rig/ports.ts";
import { assertInOrder, assertPerfect, scene } from "./rig/scene.ts";
import { until } from "./rig/wait.ts";

const FRAMES: FrameKind = { kind: "binary", seed: 20_260 };
const COUNT = 40_000;

scene("length-prefixed frames of 300 B to 10 KB arrive byte for byte through memory and journal", async (scene) => {
  const [source, target] = freePorts(2);
  const relay = await scene.spillway([{
    name: "binary",
    framing: { type: "length-prefix", width: 4, endian: "big" },
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `127.0.0.1:${target}` },
    journal: { dir: `${scene.directory}/journal`, segment_bytes: "16MiB" },
  }]).listening(source);
  const producing = (first: number) =>
    scene.producerProcess({ connect: loopback(source), frames: FRAMES, first, count: COUNT / 2, stallLimitMs: 300 });
  const absent = await producing(0);
  const consumer = await scene.consumerProcess({ listen: loopback(target), frames: FRAMES, untilFrames: COUNT });
  const present = await producing(COUNT / 2);
  assertEquals([absent.error, present.error], [undefined, undefined], "the producers finished");
  assertPerfect(await consumer.report, COUNT);
  assertEquals((await relay.stop()).code, 0);
});

scene(
  "a consumer that resets in the middle of a binary frame gets that frame again from its first byte",
  async (scene) => {
    const [source, target] = freePorts(2);
    const relay = await scene.spillway([{
      name: "binary",
      framing: { type: "length-prefix", width: 4, endian: "big" },
      source: { listen: `127.0.0.1:${source}` },
      target: { connect: `127.0.0.1:${target}`, rewind: "8MiB" },
      journal: { dir: `${scene.directory}/journal` },
    }]).listening(source);
    const consumer = scene.consumer({
      listen: loopback(target),
      frames: FRAMES,
      bytesPerSecond: 10e6,
      readBytes: 3_333,
    });
    const count = 4_000;
    const sent = await scene.producer({ connect: loopback(source), frames: FRAMES, count, stallLimitMs: 300 });
    assertEquals(sent.error, undefined);
    for (let i = 0; i < 3; i++) {
      await until("some frames", () => (consumer.tally.connections[i]?.frames ?? 0) > 300);
      const broken = await consumer.reset();
      scene.note(`reset with ${broken.unfinishedBytes} B of an unfinished frame, ${broken.unreadBytes} B unread`);
    }
    await until("everything is there", () => consumer.tally.end() === count || consumer.damage);
    assertInOrder(consumer.report(count));
    assertEquals(consumer.tally.missing(count), []);
    assertEquals((await relay.stop()).code, 0);
  },
);
