/** SIGTERM while the disk is full: what `min_free` keeps is for this; without it, the log says exactly what is lost. */
import { assert, assertEquals } from "../support/assert.ts";
import { loopback } from "../peers/address.ts";
import type { Consumer } from "../peers/consumer.ts";
import type { FrameKind } from "../peers/frames.ts";
import { assertOrdered, countOf } from "./cases/verdict.ts";
import { mountDisk } from "./rig/disk.ts";
import { freePorts } from "./rig/ports.ts";
import { type Scene, scene } from "./rig/scene.ts";
import { until } from "./rig/wait.ts";

const LINES: FrameKind = { kind: "line", size: 512 };
const COUNT = 80_000;
const BALLAST_BYTES = 12 * 2 ** 20;

scene("a stop while the disk is full appends what is in memory to what min_free has kept", async (scene) => {
  const { stopped, books, consumer } = await stopWhileFull(scene, "6MiB");
  assertEquals(stopped.code, 0, "exit code");
  assertEquals([books.dropped_frames, books.pending_frames], [0, books.received_frames]);
  assertEquals(consumer.tally.frames, books.received_frames, "frames that arrived after the restart");
  assertEquals(consumer.tally.missing(consumer.tally.end()), []);
}, ["tmpfs"]);

scene(
  "a stop while the disk has no byte left exits 1 and says which frames are lost: these and no others",
  async (scene) => {
    const { stopped, books, lost, consumer } = await stopWhileFull(scene, "0B");
    assertEquals(stopped.code, 1, "exit code");
    assert(lost !== undefined, "the range that is lost is logged");
    assertEquals(Number(lost.until) - Number(lost.first), books.dropped_frames, "the range, and the books");
    assertEquals(lost.until, books.received_frames, "the end of what was received");
    assertEquals(consumer.tally.end(), lost.first, "what comes after the restart ends where the range begins");
    assertEquals(countOf(consumer.tally.missing(consumer.tally.end())), 0);
  },
  ["tmpfs"],
);

async function stopWhileFull(scene: Scene, minFree: string) {
  const disk = await mountDisk(scene, BALLAST_BYTES);
  const [source, target] = freePorts(2);
  const start = () =>
    scene.spillway([{
      name: "feed",
      source: { listen: `127.0.0.1:${source}` },
      target: { connect: `127.0.0.1:${target}`, retry_min: "20ms", retry_max: "100ms" },
      memory: { max_bytes: "4MiB" },
      journal: { dir: `${disk}/journal`, min_free: minFree },
    }]).listening(source);
  const relay = await start();
  const sending = scene.producer({ connect: loopback(source), frames: LINES, count: COUNT, bytesPerSecond: 20e6 });
  await relay.saying(/"the journal has no room, frames wait in memory"/, 20_000);
  const stopped = await relay.stop();
  scene.note(`stopped with ${stopped.code} in ${stopped.seconds.toFixed(2)} s`);
  assert(stopped.seconds < 5, "a clean stop takes at most 5 s");
  await sending;
  const line = (pattern: RegExp) => relay.logged(pattern).map((line) => JSON.parse(line))[0];
  const books = line(/"route stopped"/);
  await Deno.remove(`${disk}/ballast`);

  const consumer: Consumer = scene.consumer({ listen: loopback(target), frames: LINES });
  const second = await start();
  const ready = await second.saying(/"route ready"/);
  assertEquals(ready.pending_frames, books.pending_frames, "pending at the start");
  await until("the backlog", () => consumer.tally.frames === ready.pending_frames || consumer.damage);
  assertEquals((await second.stop()).code, 0);
  assertOrdered(consumer);
  scene.note(`received ${books.received_frames}, pending ${books.pending_frames}, lost ${books.dropped_frames}`);
  return { stopped, books, lost: line(/"frames are lost/), consumer };
}
