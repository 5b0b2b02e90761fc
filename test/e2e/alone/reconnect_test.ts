/** A consumer that was away is served as soon as it is back, without a new frame or a restart to wake the relay. */
import { assert, assertEquals } from "../../support/assert.ts";
import { loopback } from "../../peers/address.ts";
import type { FrameKind } from "../../peers/frames.ts";
import { freePorts } from "../rig/ports.ts";
import { assertPerfect, scene } from "../rig/scene.ts";
import { pause, until } from "../rig/wait.ts";

const LINE: FrameKind = { kind: "line", size: 100 };
const RETRY_MAX_MS = 1_000;
/** What a busy machine may add before this test calls it a defect. */
const SLACK_MS = 1_000;

scene("a consumer that had refused gets the backlog within retry_max + 100 ms of coming back", async (scene) => {
  const [source, target] = freePorts(2);
  const relay = await scene.spillway([{
    name: "feed",
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `127.0.0.1:${target}`, retry_min: "50ms", retry_max: `${RETRY_MAX_MS}ms` },
    journal: { dir: `${scene.directory}/journal` },
  }]).listening(source);
  await scene.producer({ connect: loopback(source), frames: LINE, count: 1_000 });
  await pause(2_500); // until the pauses between attempts have grown to retry_max
  const back = performance.timeOrigin + performance.now();
  const consumer = scene.consumer({ listen: loopback(target), frames: LINE });
  await until("the backlog", () => consumer.tally.frames === 1_000);
  const waited = consumer.firstByteAt - back;
  scene.note(`first byte ${Math.round(waited)} ms after coming back; retry_max + 100 ms is ${RETRY_MAX_MS + 100} ms`);
  assert(waited < RETRY_MAX_MS + 100 + SLACK_MS, `waited ${Math.round(waited)} ms`);
  assertEquals((await relay.stop()).code, 0);
  assertPerfect(consumer.report(1_000), 1_000);
});

scene("a consumer that comes and goes ten times under load gets everything in order", async (scene) => {
  const [source, target] = freePorts(2);
  const relay = await scene.spillway([{
    name: "feed",
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `127.0.0.1:${target}`, retry_min: "10ms", retry_max: "50ms", rewind: "8MiB" },
    journal: { dir: `${scene.directory}/journal` },
  }]).listening(source);
  const count = 150_000;
  const sending = scene.producer({
    connect: loopback(source),
    frames: LINE,
    count,
    bytesPerSecond: 10e6,
    stallLimitMs: 300,
  });
  const consumer = scene.consumer({ listen: loopback(target), frames: LINE, bytesPerSecond: 8e6 });
  for (let i = 0; i < 10; i++) {
    await until("some lines", () => (consumer.tally.connections[i]?.frames ?? 0) > 200 || consumer.damage);
    await consumer.reset();
  }
  consumer.pace(0); // the backlog was for the resets
  assertEquals((await sending).error, undefined, "the producer finished");
  await until("the last line", () => consumer.tally.end() === count || consumer.damage);
  const report = consumer.report(count);
  scene.note(`repeats: ${report.repeats} of ${count}`);
  assertEquals(report.damage, undefined);
  assertEquals(report.missing, []);
  assertEquals((await relay.stop()).code, 0);
});
