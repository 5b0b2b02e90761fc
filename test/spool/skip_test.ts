/** `skip`: what is dropped and counted, that order holds, and where delivery goes on. */
import fc from "fast-check";
import { SpillwayError } from "../../src/base/error.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { storyProperty } from "../support/story_property.ts";
import { STORAGES } from "./stories/storage.ts";
import { play, stories, withSkips } from "./stories/story.ts";
import { ByteWire } from "./stories/wires.ts";
import { World, type WorldOptions } from "./stories/world.ts";

async function open(options: WorldOptions): Promise<{ world: World; wire: ByteWire }> {
  const world = new World(options);
  await world.open();
  return { world, wire: new ByteWire(world) };
}

const MODES = ["overflow", "always"] as const;

function droppedBy({ ledger }: World): { readonly frames: number; readonly bytes: number } {
  return ledger.dropped.get("operator") ?? { frames: 0, bytes: 0 };
}

for (const mode of MODES) {
  Deno.test(`${mode}: frames that are skipped while the target is gone are not sent, and those after them are`, async () => {
    const { world, wire } = await open({ mode });
    world.receive(160);
    await world.settle();
    const given = await world.spool.skipUntil(120);
    assertEquals([given.from, given.until, given.frames, given.inFlight], [0, 120, 120, 0]);
    assertEquals(droppedBy(world), { frames: 120, bytes: given.bytes });
    world.check();
    await wire.connect();
    assertEquals(world.spool.positions.next, 120);
    await wire.deliverAll();
    world.check();
    assertEquals(world.ledger.delivered.frames, 40);
    await wire.disconnect();
    assert(await world.stop());
  });

  Deno.test(`${mode}: frames that are skipped in memory and journal at once are counted exactly`, async () => {
    const { world, wire } = await open({ mode });
    await wire.connect();
    // Much more than memory holds goes through the journal; the newest are in memory alone.
    for (let i = 0; i < 8; i++) {
      world.receive(300);
      await world.settle();
    }
    const { spool } = world;
    assert(
      spool.positions.next < spool.window.first && spool.window.first < spool.window.end,
      "there are some in each",
    );
    const until = spool.window.end - 3;
    await spool.skipUntil(until);
    world.check();
    await wire.deliverAll();
    world.check();
    assertEquals(world.ledger.pending.frames, 0);
    await wire.disconnect();
    assert(await world.stop());
  });

  for (const confirmed of [true, false]) {
    const fate = confirmed ? "delivered if they are confirmed" : "dropped if their connection is lost";
    Deno.test(`${mode}: frames in flight that are skipped count as ${fate}`, async () => {
      const { world, wire } = await open({ mode });
      await wire.connect();
      world.receive(100);
      await wire.send(20);
      world.receive(20);
      const { from, frames, inFlight } = await world.spool.skipUntil(110);
      assertEquals([from, frames, inFlight], [100, 10, 100]);
      if (confirmed) wire.acknowledge(1, true);
      await wire.disconnect();
      world.check();
      assertEquals(world.ledger.delivered.frames, confirmed ? 100 : 0);
      assertEquals(droppedBy(world).frames, confirmed ? 10 : 110);
      await wire.connect();
      assertEquals(world.spool.positions.next, 110, "where delivery goes on");
      await wire.deliverAll();
      world.check();
      assertEquals(world.ledger.delivered.frames, confirmed ? 110 : 10);
      await wire.disconnect();
      assert(await world.stop());
    });
  }

  Deno.test(`${mode}: rewind does not send frames again that were skipped, in flight or before they were sent`, async () => {
    const { world, wire } = await open({ mode, rewindBytes: 20_000 });
    await wire.connect();
    world.receive(60);
    await wire.send(20);
    wire.acknowledge(1, true);
    world.receive(20);
    await wire.send(20);
    await world.spool.skipUntil(80);
    await wire.disconnect();
    await wire.connect();
    assertEquals(world.spool.positions.next, 80, "what was in flight");
    await world.spool.skipUntil(80);
    world.receive(20);
    await world.spool.skipUntil(90);
    await wire.send(20);
    await wire.disconnect();
    await wire.connect();
    assertEquals(world.spool.positions.next, 90, "what was never sent");
    world.check();
    await wire.deliverAll();
    await wire.disconnect();
    assert(await world.stop());
  });

  Deno.test(`${mode}: a skip tells how many delivered frames before it may be unread`, async () => {
    const { world, wire } = await open({ mode, rewindBytes: "auto" });
    await wire.connect();
    world.receive(40);
    await wire.send(40);
    wire.acknowledge(1, true, 0, 0);
    const { confirmed } = world.spool;
    assert(confirmed > 0, "something is confirmed");
    world.receive(20);
    await world.settle();
    // The connection has taken the first 20 by now, or takes none.
    world.receive(20);
    const end = confirmed + 40;
    const unreadOf = async (until: number, preview: boolean) =>
      (await world.spool.skipUntil(until, { preview })).unreadFrames;
    assertEquals(await unreadOf(confirmed, false), 0, "they are sent again as ever");
    assertEquals(await unreadOf(end, true), confirmed, "before it is done");
    assertEquals(await unreadOf(end, false), confirmed);
    assertEquals(await unreadOf(end, false), 0, "once");
    await wire.disconnect();
    assert(await world.stop());
  });

  Deno.test(`${mode}: frames that were skipped are not taken for unread, neither by this process nor by one that starts after a kill`, async () => {
    const { world, wire } = await open({ mode, rewindBytes: "auto" });
    world.receive(60);
    await world.spool.skipUntil(40);
    await world.settle();
    await world.die("kill", () => Promise.resolve());
    await wire.connect();
    assertEquals(world.spool.positions.next, 40, "where delivery goes on");
    await wire.deliverAll();
    world.check();
    await wire.disconnect();
    assert(await world.stop());
  });

  Deno.test(`${mode}: a skip may end in the middle of what is in flight, even if that has left memory`, async () => {
    for (const through of ["memory", "journal"]) {
      const { world, wire } = await open({ mode });
      if (through === "journal") {
        world.receive(100);
        await world.stop().then((clean) => world.startAgain({ clean }));
      }
      await wire.connect();
      if (through === "memory") world.receive(100);
      await wire.send(20);
      assertEquals(world.spool.positions.next, 100);
      const { from, frames, inFlight } = await world.spool.skipUntil(37, { preview: true });
      assertEquals([from, frames, inFlight, droppedBy(world).frames], [37, 0, 37, 0], "only told");
      await world.spool.skipUntil(37);
      world.check();
      await wire.disconnect();
      world.check();
      assertEquals([droppedBy(world).frames, world.spool.confirmed], [37, 37]);
      await wire.connect();
      await wire.deliverAll();
      world.check();
      assertEquals(world.ledger.delivered.frames, 63);
      await wire.disconnect();
      assert(await world.stop());
    }
  });

  Deno.test(`${mode}: a skip drops nothing that was skipped or delivered before, and nothing that was not received`, async () => {
    const { world, wire } = await open({ mode });
    await wire.connect();
    world.receive(50);
    await wire.send(20);
    wire.acknowledge(1, true);
    assertEquals((await world.spool.skipUntil(50)).frames, 0);
    await wire.disconnect();
    world.receive(50);
    await world.spool.skipUntil(80);
    assertEquals((await world.spool.skipUntil(70)).frames, 0);
    assertEquals(droppedBy(world).frames, 30);
    const error = await assertRejects(() => world.spool.skipUntil(101), SpillwayError);
    assertEquals([error.message, error.exit], ["skip: found --until 101, the next frame to be received is 100", 2]);
    world.check();
    await world.stop();
  });

  Deno.test(`${mode}: a restart finds the frames that were not skipped`, async () => {
    const { world, wire } = await open({ mode });
    world.receive(160);
    await world.spool.skipUntil(159);
    assert(await world.stop());
    await world.startAgain({ clean: true });
    assertEquals(world.ledger.pending.frames, 1);
    await wire.connect();
    await wire.deliverAll();
    world.check();
    await wire.disconnect();
    await world.stop();
  });
}

const GIVEN = Deno.env.get("SPILLWAY_MODEL_RUNS");
const RUNS = Number(GIVEN ?? 40);
const SEED = GIVEN === undefined ? 20261125 : undefined;

for (const storage of STORAGES) {
  for (const mode of MODES) {
    for (const eachFrame of [false, true]) {
      const route = `journal in ${storage}, ${mode}, ${eachFrame ? "frames have replies" : "bytes are acknowledged"}`;
      Deno.test(`${route}: with skips in between, the route does what the model says`, async () => {
        const property = storyProperty(stories({ mode, eachFrame }, withSkips), (story) => play(story, storage));
        await fc.assert(property, { numRuns: RUNS, seed: SEED });
      });
    }
  }
}
