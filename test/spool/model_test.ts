import fc from "fast-check";
import { World, type WorldOptions } from "./world.ts";

type Action =
  | { readonly does: "receive"; readonly count: number }
  | { readonly does: "connect" }
  | { readonly does: "send"; readonly batches: number }
  | { readonly does: "acknowledge"; readonly share: number; readonly told: boolean }
  | { readonly does: "disconnect" }
  | { readonly does: "settle" }
  | { readonly does: "disk full"; readonly full: boolean }
  | { readonly does: "restart" }
  | { readonly does: "kill" };

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ does: fc.constant("receive" as const), count: fc.integer({ min: 1, max: 400 }) }),
  },
  { weight: 3, arbitrary: fc.record({ does: fc.constant("connect" as const) }) },
  { weight: 5, arbitrary: fc.record({ does: fc.constant("send" as const), batches: fc.integer({ min: 1, max: 12 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant("acknowledge" as const),
      share: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
      told: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("disconnect" as const) }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant("settle" as const) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("disk full" as const), full: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("restart" as const) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("kill" as const) }) },
);

async function perform(world: World, action: Action): Promise<void> {
  switch (action.does) {
    case "receive":
      return world.receive(action.count);
    case "connect":
      return await world.connect();
    case "send":
      return await world.send(action.batches);
    case "acknowledge":
      return world.acknowledge(action.share, action.told);
    case "disconnect":
      return await world.disconnect();
    case "settle":
      return await world.settle();
    case "disk full":
      return await world.setDiskFull(action.full);
    case "restart":
      await world.setDiskFull(false);
      return await world.restart();
    case "kill":
      return await world.kill();
  }
}

const VARIANTS: readonly WorldOptions[] = [
  { mode: "overflow" },
  { mode: "overflow", rewindBytes: 5000 },
  { mode: "overflow", rewindBytes: 24 * 1024 },
  { mode: "always" },
  { mode: "always", rewindBytes: 20_000 },
  { mode: "always", sync: "each" },
];

for (const options of VARIANTS) {
  const { mode, sync = "os", rewindBytes = 0 } = options;
  Deno.test(`${mode}, sync ${sync}, rewind ${rewindBytes}: whatever happens, every frame arrives in order, each connection begins where it must, the books balance`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 60, size: "max" }), async (actions) => {
        const world = new World(options);
        await world.start();
        for (const each of actions) {
          await perform(world, each);
          world.checkBooks();
        }
        await world.setDiskFull(false);
        await world.finish();
      }),
      { numRuns: Number(Deno.env.get("SPILLWAY_MODEL_RUNS") ?? 30) },
    );
  });
}
