/** Crowds of producers that begin frames and do not finish them: producers of whole frames are served beside them. */
import { assert, assertEquals } from "../support/assert.ts";
import { connectTo, loopback } from "../peers/address.ts";
import { Crowd } from "../peers/crowd.ts";
import { frameFormat, type FrameKind } from "../peers/frames.ts";
import type { ConfigTable } from "./rig/config.ts";
import { freePorts } from "./rig/ports.ts";
import { assertPerfect, scene } from "./rig/scene.ts";
import { pause, until } from "./rig/wait.ts";

const LINE: FrameKind = { kind: "line", size: 500 };
const BINARY: FrameKind = { kind: "binary", seed: 3 };
const ROUNDS = 40;
/** Frames in a round, and how long one may take on a machine that is busy with other tests. */
const ROUND_FRAMES = 50;
const ROUND_MS_MAX = 2_000;

interface Case {
  readonly name: string;
  readonly size: number;
  readonly begin: Uint8Array;
  readonly frames: FrameKind;
  readonly framing?: ConfigTable;
  readonly memory?: string;
  /** Do they hold more than they may, so that some have to go? */
  readonly waits: boolean;
}

const CASES: readonly Case[] = [
  {
    name: "100 connections with 900,000 bytes without a delimiter",
    size: 100,
    begin: new Uint8Array(900_000).fill(97),
    frames: LINE,
    waits: true,
  },
  {
    name: "1,000 connections with 20,000 bytes without a delimiter",
    size: 1_000,
    begin: new Uint8Array(20_000).fill(97),
    frames: LINE,
    waits: true,
  },
  {
    name: "300 length prefixes that announce 1 MiB, and 50,000 bytes of each",
    size: 300,
    begin: new Uint8Array(50_000).fill(7).fill(0, 0, 4).fill(0x0f, 1, 2),
    frames: BINARY,
    framing: { type: "length-prefix", max_frame: "1MiB" },
    waits: true,
  },
  {
    name: "50 connections with 100,000 bytes without a delimiter, and the least memory there may be",
    size: 50,
    begin: new Uint8Array(100_000).fill(97),
    frames: LINE,
    memory: "1MiB",
    waits: true,
  },
  {
    name: "1,000 connections that say nothing",
    size: 1_000,
    begin: new Uint8Array(0),
    frames: LINE,
    waits: false,
  },
];

for (const { name, size, begin, frames, framing, memory, waits } of CASES) {
  scene(`beside ${name} a good producer's frames arrive promptly`, async (scene) => {
    const [source, target] = freePorts(2);
    const relay = await scene.spillway([{
      name: "feed",
      ...framing === undefined ? {} : { framing },
      source: { listen: `127.0.0.1:${source}`, max_connections: 2_000 },
      target: { connect: `127.0.0.1:${target}` },
      ...memory === undefined ? {} : { memory: { max_bytes: memory } },
      journal: { dir: `${scene.directory}/journal` },
    }]).listening(source);
    const consumer = scene.consumer({ listen: loopback(target), frames });
    const crowd = new Crowd({
      connect: loopback(source),
      size,
      begin,
      trickle: begin.length > 0 ? Uint8Array.of(97) : undefined,
      everyMs: 4_000,
    });
    scene.defer(() => crowd.stop());
    await crowd.start();
    if (waits) await relay.saying(/unfinished frames hold all the memory that they may/);

    const good = await connectTo(loopback(source));
    scene.defer(() => good.close());
    const { sizeMax, write } = bound(frames);
    const buffer = new Uint8Array(ROUND_FRAMES * sizeMax);
    let slowest = 0;
    for (let round = 0, sequence = 0; round < ROUNDS; round++) {
      let end = 0;
      for (let i = 0; i < ROUND_FRAMES; i++) end = write(buffer, end, sequence++);
      const began = performance.now();
      for (let from = 0; from < end;) from += await good.write(buffer.subarray(from, end));
      await until(`round ${round}`, () => consumer.tally.frames === sequence || consumer.damage, { everyMs: 2 });
      slowest = Math.max(slowest, performance.now() - began);
      await pause(20); // a producer that goes on for a while is this test's input
    }
    scene.note(`${ROUNDS * ROUND_FRAMES} frames, the slowest ${ROUND_FRAMES} took ${slowest.toFixed(0)} ms`);
    assert(slowest < ROUND_MS_MAX, `${slowest} ms`);
    if (waits) {
      const closed = await relay.saying(/others waited for the memory of an unfinished frame/, 30_000);
      assert(
        Number(closed.bytes_held) > 0 && Number(closed.without_a_frame_ms) >= 10_000 && Number(closed.waiting) > 0,
      );
      await until("those that were closed notice it", () => crowd.ended > 0);
    }
    const last = ROUNDS * ROUND_FRAMES;
    const end = write(buffer, 0, last);
    await good.write(buffer.subarray(0, end));
    await until("one more frame", () => consumer.tally.frames === last + 1 || consumer.damage);
    crowd.stop();
    const { code } = await relay.stop();
    assertEquals(code, 0);
    assertPerfect(consumer.report(last + 1), last + 1);
    const [books] = relay.logged(/"route stopped"/).map((line) => JSON.parse(line));
    if (begin.length > 0) assert(books.dropped_bytes > 0, "nothing of the crowd is in the books");
  });
}

scene(
  "one connection with a frame of max_frame that it never finishes holds up no other, and is left alone",
  async (scene) => {
    const [source, target] = freePorts(2);
    const relay = await scene.spillway([{
      name: "feed",
      framing: { type: "line", max_frame: "4MiB" },
      source: { listen: `127.0.0.1:${source}` },
      target: { connect: `127.0.0.1:${target}` },
      journal: { dir: `${scene.directory}/journal` },
    }]).listening(source);
    const consumer = scene.consumer({ listen: loopback(target), frames: LINE });
    const crowd = new Crowd({ connect: loopback(source), size: 1, begin: new Uint8Array(4 * 2 ** 20 - 10).fill(97) });
    scene.defer(() => crowd.stop());
    await crowd.start();
    await scene.producer({ connect: loopback(source), frames: LINE, count: 20_000 });
    await until("all frames", () => consumer.tally.frames === 20_000 || consumer.damage);
    assertEquals(crowd.ended, 0);
    assertEquals((await relay.stop()).code, 0);
    assertPerfect(consumer.report(20_000), 20_000);
  },
);

scene("a producer that is dialled and never finishes a frame is left alone: it holds up no other", async (scene) => {
  const [source, target] = freePorts(2);
  const crowd = new Crowd({
    listen: loopback(source),
    size: 1,
    begin: new Uint8Array(900_000).fill(97),
    trickle: Uint8Array.of(97),
    everyMs: 500,
  });
  scene.defer(() => crowd.stop());
  const connected = crowd.start();
  const relay = scene.spillway([{
    name: "feed",
    source: { connect: `127.0.0.1:${source}` },
    target: { connect: `127.0.0.1:${target}` },
    journal: { dir: `${scene.directory}/journal` },
  }]);
  await connected;
  await relay.saying(/source connected/);
  await pause(12_000); // longer than a frame may stand in the way of others
  assertEquals(crowd.ended, 0);
  assertEquals(relay.logged(/waited for the memory|hold all the memory/), []);
  assertEquals((await relay.stop()).code, 0);
});

function bound(kind: FrameKind) {
  const format = frameFormat(kind);
  return {
    sizeMax: format.sizeMax,
    write: (target: Uint8Array, at: number, sequence: number) => format.write(target, at, 0, sequence),
  };
}
