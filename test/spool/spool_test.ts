/** What a route counts and says at the end of a connection or of the process, and when it is direct. */
import { assert, assertEquals } from "../support/assert.ts";
import { ByteWire } from "./stories/wires.ts";
import { MEMORY_BYTES, World, type WorldOptions } from "./stories/world.ts";

async function open(options: WorldOptions): Promise<{ world: World; wire: ByteWire }> {
  const world = new World(options);
  await world.open();
  return { world, wire: new ByteWire(world) };
}

Deno.test("frames that rewind sends again after a connection ended within a run count as delivered exactly once", async () => {
  for (const mode of ["overflow", "always"] as const) {
    const { world, wire } = await open({ mode, rewindBytes: 20_000 });
    for (let round = 0; round < 12; round++) {
      await wire.connect();
      world.receive(40);
      await wire.send(30);
      wire.acknowledge(0.37, false);
      await wire.disconnect();
      world.check();
    }
    await wire.connect();
    await wire.deliverAll();
    world.check();
    assertEquals(world.ledger.pending, { frames: 0, bytes: 0 });
    await world.stop();
  }
});

Deno.test("a stop on a full disk loses nothing if everything was confirmed and kept for rewind alone", async () => {
  const { world, wire } = await open({ mode: "overflow", rewindBytes: 10_000 });
  await wire.connect();
  world.receive(60);
  await wire.send(30);
  wire.acknowledge(1, true);
  world.setFault({ kind: "no space", left: 0 });
  await wire.disconnect();
  await world.stop();
  assertEquals(world.ledger.pending.frames, 0);
  assert(!world.ledger.dropped.has("stop"), "nothing was lost");
});

for (const mode of ["overflow", "always"] as const) {
  Deno.test(`${mode}: the next process knows what a consumer had not read that died right before a kill`, async () => {
    const { world, wire } = await open({ mode, rewindBytes: "auto" });
    await wire.connect();
    world.receive(40);
    await wire.send(30);
    wire.acknowledge(1, true, 0.5);
    await wire.disconnect();
    const first = world.spool.rewind.unreadFrom(world.spool.confirmed);
    assert(first > 0 && first < 40, `${first} of 40 frames are known to be read`);
    await world.die("kill", () => Promise.resolve());
    const again = await world.feed.begin();
    assertEquals(world.spool.positions.next, first, "where the next process begins");
    assertEquals(
      world.feed.resentFrom(world.spool.positions.next),
      world.spool.confirmed - world.spool.positions.next,
      "said to come again",
    );
    again.interrupt();
    await again.end({ read: 0, confirmed: 0, written: 0 });
    assert(await world.stop());
  });
}

Deno.test("frames that are gone and whose size is unknown count as one byte each", async () => {
  const { world } = await open({ mode: "always", rewindBytes: "auto" });
  world.spool.rewind.noteGone(0, 1000);
  assertEquals(world.ledger.mayBeLostBytes, 1000);
  assert(await world.stop());
});

Deno.test("after a consumer has connected to an idle route no frame goes through the journal", async () => {
  const { world, wire } = await open({ mode: "overflow", rewindBytes: 0 });
  // As a target that is dialled in vain, and one that goes when it has everything.
  world.spool.targetLost();
  for (let round = 0; round < 3; round++) {
    assert(!world.spool.state.direct, "no consumer is there");
    await wire.connect();
    assert(world.spool.state.direct, "nothing is pending");
    world.receive(20);
    await wire.deliverAll();
    assertEquals(world.ledger.spilled.frames, 0);
    await wire.disconnect();
  }
  world.receive(20);
  await world.settle();
  await wire.connect();
  assert(!world.spool.state.direct, "what the journal still holds comes first");
  await wire.deliverAll();
  world.check();
  await world.stop();
});

Deno.test("frames before ones that are gone are sent once more until they are read", async () => {
  const { world, wire } = await open({ mode: "overflow", rewindBytes: "auto" });
  const pass = async (frames: number) => {
    world.receive(frames);
    await wire.send(30);
    wire.acknowledge(1, true, 0);
  };
  await wire.connect();
  await pass(60);
  await wire.disconnect();
  await wire.connect();
  // More than memory keeps, while nothing can be appended: what comes first of it is neither here nor there.
  world.setFault({ kind: "error", code: "EIO", operation: "write", files: "segments", written: 0 });
  for (let round = 0; round < 20; round++) await pass(60);
  await wire.disconnect();
  const { first } = world.spool.window;
  const gone = world.books.log.slice(60, first).reduce((sum, { length }) => sum + length, 0);
  assert(gone > 100_000, `${gone} bytes are gone`);
  assertEquals(world.saidLost, gone, "said at the end of the connection");
  for (let round = 0; round < 3; round++) {
    await wire.connect();
    assertEquals(world.spool.positions.next, 0, "where a connection begins");
    await wire.send(30);
    assertEquals(wire.stream!.got.map(({ sequence }) => sequence).filter((it) => it === 59 || it === first), [
      59,
      first,
    ]);
    await wire.disconnect();
    assertEquals([world.saidLost, world.ledger.mayBeLostBytes], [0, 0], "said again");
  }
  await world.stop();
});

for (const isAwaited of [false, true]) {
  const when = isAwaited ? "once it has read what it was sent" : "though nothing is pending";
  Deno.test(`what rewind keeps gives way to a reader that waits for memory, ${when}`, async () => {
    const { world, wire } = await open({ mode: "overflow", rewindBytes: MEMORY_BYTES / 2 });
    const { pool, spool } = world;
    await wire.connect();
    while (spool.rewind.keptBytes < MEMORY_BYTES / 4) {
      world.receive(20);
      await wire.deliverAll();
    }
    if (isAwaited) {
      world.receive(10);
      await wire.send(10);
      spool.patience.noteConfirmed(MEMORY_BYTES);
    }
    // Others read into the rest of memory: their frames are not complete yet.
    const taken = [];
    for (let buffer = pool.take(); buffer !== undefined; buffer = pool.take()) taken.push(buffer);
    assertEquals(world.ledger.spilled.frames, 0);
    spool.wantMemory();
    assertEquals(spool.patience.isWaiting, isAwaited);
    if (isAwaited) wire.acknowledge(1, true);
    await world.settle();
    assert(world.ledger.spilled.frames > 0, "the journal takes what was kept");
    const buffer = pool.take();
    assert(buffer !== undefined, "memory is free again");
    for (const each of [...taken, buffer]) each.release();
    await wire.deliverAll();
    world.check();
    assert(await world.stop());
  });
}
