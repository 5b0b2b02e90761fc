/** Reading waits for a target that is about to make room, and for no other; for 20 ms at most. */
import { Patience } from "../../src/spool/patience.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { ByteWire } from "./stories/wires.ts";
import { MEMORY_BYTES, World } from "./stories/world.ts";

const MIB = 1024 * 1024;

/** A pool of 16 MiB, half full, and a target that has confirmed at a rate for a while. */
class Scene {
  readonly clock = new VirtualClock();
  readonly pool = { maxBytes: 16 * MIB, usedBytes: 8 * MIB };
  expired = 0;
  readonly patience: Patience;

  constructor() {
    const hasRoom = (bytes: number) => this.pool.usedBytes + bytes <= 8 * MIB;
    this.patience = new Patience({ pool: this.pool, clock: this.clock, hasRoom, expired: () => this.expired++ });
    this.patience.noteBusy();
  }

  confirm(bytesPerMs: number, ms: number): void {
    for (let i = 0; i < ms; i++) {
      this.clock.nowMs++;
      this.patience.noteConfirmed(bytesPerMs);
    }
  }
}

/** What makes 4 MiB in 20 ms. */
const ENOUGH = 4 * MIB / 20;

for (const ms of [5, 49, 200]) {
  Deno.test(`a target that has confirmed for ${ms} ms at a rate that makes the room in 20 ms is waited for, a slower one is not`, () => {
    for (const [rate, isWorthIt] of [[ENOUGH * 1.02, true], [ENOUGH * 0.9, false], [0, false]] as const) {
      const scene = new Scene();
      scene.confirm(rate, ms);
      assertEquals(scene.patience.begin(), isWorthIt, `${rate} bytes per ms`);
      assertEquals(scene.patience.isWaiting, isWorthIt);
      scene.patience.end();
    }
  });
}

Deno.test("what was confirmed more than 60 ms ago does not count, and neither does the time in which nothing was to be confirmed", () => {
  const stopped = new Scene();
  stopped.confirm(4 * ENOUGH, 100);
  stopped.clock.nowMs += 61;
  assertEquals(stopped.patience.begin(), false, "it has stopped");
  const idle = new Scene();
  idle.confirm(4 * ENOUGH, 100);
  idle.clock.nowMs += 1000;
  idle.patience.noteBusy();
  idle.confirm(2 * ENOUGH, 5);
  assertEquals(idle.patience.begin(), true, "it was idle");
  idle.patience.end();
});

Deno.test("a wait ends as soon as the room is there", async () => {
  const scene = new Scene();
  const { patience, pool, clock } = scene;
  scene.confirm(2 * ENOUGH, 50);
  assert(patience.begin());
  let ended = false;
  patience.ended().then(() => ended = true);
  pool.usedBytes = 4 * MIB + 1;
  patience.considerEnd();
  assert(patience.isWaiting, "one byte is missing");
  pool.usedBytes = 4 * MIB;
  patience.considerEnd();
  assert(!patience.isWaiting);
  await clock.advance(100);
  assert(ended);
  assertEquals(scene.expired, 0);
});

Deno.test("a wait without the room ends after 20 ms, and the next one is as long", async () => {
  const scene = new Scene();
  for (let round = 1; round <= 2; round++) {
    scene.confirm(2 * ENOUGH, 50);
    assert(scene.patience.begin());
    await scene.clock.advance(19);
    assert(scene.patience.isWaiting);
    assert(scene.patience.begin(), "it goes on");
    await scene.clock.advance(1);
    assert(!scene.patience.isWaiting);
    assertEquals(scene.expired, round);
  }
});

/** Frames come in until memory is half full, for a target that has confirmed fast of late. */
function fillMemory(world: World): void {
  world.receive(1);
  world.spool.patience.noteConfirmed(MEMORY_BYTES);
  while (!world.spool.patience.isWaiting && world.pool.usedBytes < MEMORY_BYTES * 0.7) world.receive(10);
}

Deno.test("with a target that keeps up no frame goes through the journal; with one that stops confirming all do after a wait", async () => {
  const world = new World({ mode: "overflow" });
  await world.open();
  const wire = new ByteWire(world);
  await wire.connect();
  // As much as memory may hold, in portions that go out before the next one comes.
  for (let portion = 0; portion < 200; portion++) {
    world.receive(10);
    await wire.send(30);
    wire.acknowledge(1, true);
  }
  assertEquals(world.ledger.spilled.frames, 0);
  fillMemory(world);
  assert(world.spool.patience.isWaiting, "it has confirmed all until now");
  assert(world.spool.state.direct, "nothing is spilled yet");
  await world.settle();
  assert(!world.spool.patience.isWaiting && !world.spool.state.direct, "it does not confirm any more");
  await wire.deliverAll();
  world.check();
  await world.stop();
});

Deno.test("a target that is lost is not waited for", async () => {
  const world = new World({ mode: "overflow" });
  await world.open();
  const wire = new ByteWire(world);
  await wire.connect();
  world.receive(30);
  await wire.send(30);
  wire.acknowledge(1, true);
  fillMemory(world);
  assert(world.spool.patience.isWaiting);
  await wire.disconnect();
  assert(!world.spool.patience.isWaiting);
  assert(world.spool.state.appending);
  await world.stop();
});
