/** A slow consumer that resets its connection again and again: delivery goes on at a frame, and at the right one. */
import { assert, assertEquals } from "../../support/assert.ts";
import { loopback } from "../../peers/address.ts";
import type { Consumer } from "../../peers/consumer.ts";
import type { FrameKind } from "../../peers/frames.ts";
import type { ConnectionTally } from "../../peers/tally.ts";
import type { ConfigTable } from "../rig/config.ts";
import { freePorts } from "../rig/ports.ts";
import { assertInOrder, type Scene, scene } from "../rig/scene.ts";
import { until } from "../rig/wait.ts";

const LINE_BYTES = 512;
const LINE: FrameKind = { kind: "line", size: LINE_BYTES };
const LINES = 12_000;
const BYTES_PER_SECOND = 2e6;
const RESETS = 3;
const READ_BEFORE_RESET = 1e6;
const REWIND = 2 * 2 ** 20;

scene(
  "a slow consumer that resets three times misses nothing where rewind covers its receive buffer",
  async (scene) => {
    const consumer = await resetAgainAndAgain(scene, { rewind: "2MiB" });
    const report = consumer.report(LINES);
    const unread = Math.max(...report.connections.map((connection) => connection.unreadBytes));
    scene.note(`received and not read at a reset: at most ${unread} B; repeats: ${report.repeats} frames`);
    assert(unread <= REWIND, "the receive buffer was larger than rewind: the test compares nothing");
    assertEquals(report.missing, [], "missing");
  },
);

scene("a slow consumer that resets three times misses at most what it had received and not read", async (scene) => {
  const consumer = await resetAgainAndAgain(scene, {});
  const report = consumer.report(LINES);
  const lost = report.missing.reduce((sum, range) => sum + range.until - range.from, 0);
  const unread = report.connections.map((connection) => connection.unreadBytes);
  const allowed = unread.reduce((sum, bytes) => sum + Math.ceil(bytes / LINE_BYTES), 0);
  scene.note(
    `missing: ${lost} frames; received and not read: ${unread.slice(0, RESETS).join(" + ")} B = ${allowed} frames`,
  );
  scene.note(`repeats: ${report.repeats} frames`);
  assert(lost <= allowed, `${lost} frames are missing, ${allowed} had been received and not read`);
});

async function resetAgainAndAgain(scene: Scene, target: ConfigTable): Promise<Consumer> {
  const [source, port] = freePorts(2);
  const relay = scene.spillway([{
    name: "feed",
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `127.0.0.1:${port}`, ...target },
    memory: { max_bytes: "4MiB" }, // less than is sent, so that memory and journal both take part
    journal: { dir: `${scene.directory}/journal` },
  }]);
  await relay.listening(source);
  const consumer = scene.consumer({ listen: loopback(port), frames: LINE, bytesPerSecond: BYTES_PER_SECOND });
  const sent = await scene.producer({ connect: loopback(source), frames: LINE, count: LINES, stallLimitMs: 300 });
  assertEquals(sent.error, undefined, "the producer finished");
  for (let i = 0; i < RESETS; i++) {
    await until("a megabyte is read", () => (consumer.tally.connections[i]?.bytes ?? 0) > READ_BEFORE_RESET);
    assertBeginsInTime(await consumer.reset(), await begun(consumer, i + 1));
  }
  consumer.pace(0); // after its last reset nothing depends on how slow it is
  await until("the last line", () => consumer.tally.end() === LINES);
  assertInOrder(consumer.report(LINES));
  assertEquals(consumer.tally.connections.length, RESETS + 1);
  assertEquals((await relay.stop()).code, 0);
  return consumer;
}

/** The connection with this number, once its first frame has come. */
async function begun(consumer: Consumer, number: number): Promise<ConnectionTally> {
  return await until(`connection ${number + 1} brings a frame`, () => {
    assertEquals(consumer.damage, undefined);
    const connection = consumer.tally.connections[number];
    return connection !== undefined && connection.frames > 0 ? connection : undefined;
  });
}

/** No later than the first frame that the kernel had not acknowledged as a whole. */
function assertBeginsInTime(before: ConnectionTally, after: ConnectionTally): void {
  const acknowledged = before.first + Math.floor((before.bytes + before.unreadBytes) / LINE_BYTES);
  assert(
    after.first <= acknowledged,
    `delivery goes on at frame ${after.first}, but frame ${acknowledged} had not been acknowledged`,
  );
}
