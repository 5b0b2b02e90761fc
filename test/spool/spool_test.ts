import { assertEquals } from "../support/assert.ts";
import { World } from "./world.ts";

Deno.test("what rewind sends again after a connection ended within a run is not counted as delivered twice, nor not at all", async () => {
  for (const mode of ["overflow", "always"] as const) {
    const world = new World({ mode, rewindBytes: 20_000 });
    await world.start();
    for (let round = 0; round < 12; round++) {
      await world.connect();
      world.receive(40);
      await world.send(30);
      world.acknowledge(0.37, false);
      await world.disconnect();
      world.checkBooks();
    }
    await world.finish();
  }
});

Deno.test("a stop on a full disk loses nothing where all was confirmed and only rewind wanted it", async () => {
  const world = new World({ mode: "overflow", rewindBytes: 10_000 });
  await world.start();
  await world.connect();
  world.receive(60);
  await world.send(30);
  world.acknowledge(1, true);
  await world.setDiskFull(true);
  await world.finish();
  assertEquals(world.ledger.pending.frames, 0);
});
