/** A story of the model: options and a sequence of actions. How one is made up, and how it is played. */
import fc from "fast-check";
import { assert, assertEquals } from "../../support/assert.ts";
import type { Storage, StorageKind } from "./storage.ts";
import type { Fault } from "./surroundings.ts";
import { ByteWire, ReplyWire } from "./wires.ts";
import { World, type WorldOptions } from "./world.ts";

export type Action =
  | { readonly does: "receive"; readonly count: number }
  | { readonly does: "connect" }
  | { readonly does: "send"; readonly batches: number }
  | {
    readonly does: "confirm";
    readonly share: number;
    readonly told: boolean;
    readonly bad?: number;
    readonly read?: number;
    readonly known?: number;
  }
  | { readonly does: "disconnect"; readonly told: boolean }
  | { readonly does: "settle" }
  | { readonly does: "skip"; readonly share: number }
  | { readonly does: "fault"; readonly fault: Fault }
  | { readonly does: "repair" }
  | { readonly does: "restart" }
  | { readonly does: "kill" }
  | { readonly does: "power loss"; readonly seed: number };

export interface Story {
  readonly options: WorldOptions;
  /** With replies: the most frames in flight. */
  readonly window: number;
  readonly actions: readonly Action[];
}

const just = <const T>(value: T) => fc.constant(value);

const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: just("no space"), left: fc.integer({ min: 0, max: 9000 }) }),
  fc.record({
    kind: just("error"),
    code: fc.constantFrom("ENOSPC", "EDQUOT", "EIO"),
    operation: fc.constantFrom("write", "sync"),
    files: fc.constantFrom("segments", "all"),
    written: fc.constantFrom(0, 100, 1500),
  }),
);

const share = fc.oneof(just(1), fc.double({ min: 0, max: 1, noNaN: true }));

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ does: just("receive"), count: fc.integer({ min: 1, max: 300 }) }) },
  { weight: 3, arbitrary: fc.record({ does: just("connect") }) },
  { weight: 5, arbitrary: fc.record({ does: just("send"), batches: fc.integer({ min: 1, max: 12 }) }) },
  {
    weight: 5,
    arbitrary: fc.record(
      { does: just("confirm"), share, told: fc.boolean(), bad: fc.nat({ max: 8 }), read: share, known: share },
      { requiredKeys: ["does", "share", "told"] },
    ),
  },
  { weight: 2, arbitrary: fc.record({ does: just("disconnect"), told: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ does: just("settle") }) },
  { weight: 2, arbitrary: fc.record({ does: just("fault"), fault }) },
  { weight: 2, arbitrary: fc.record({ does: just("repair") }) },
  { weight: 1, arbitrary: fc.record({ does: just("restart") }) },
  { weight: 1, arbitrary: fc.record({ does: just("kill") }) },
  { weight: 1, arbitrary: fc.record({ does: just("power loss"), seed: fc.nat() }) },
);

const anyActions = (each: fc.Arbitrary<Action>) => fc.array(each, { minLength: 5, maxLength: 60, size: "max" });

const actionOrSkip: fc.Arbitrary<Action> = fc.oneof(
  { weight: 10, arbitrary: action },
  { weight: 1, arbitrary: fc.record({ does: just("skip"), share }) },
);

/** With an operator's skips now and then. */
export const withSkips: fc.Arbitrary<readonly Action[]> = anyActions(actionOrSkip);

const powerLoss: fc.Arbitrary<Action> = fc.record({ does: just("power loss"), seed: fc.nat() });

/** Several power losses with nothing or little between them: each one strikes what the one before has left. */
const powerLosses: fc.Arbitrary<Action[]> = fc.array(
  fc.tuple(powerLoss, fc.oneof(fc.constant([]), fc.array(action, { minLength: 1, maxLength: 2 }))),
  { minLength: 2, maxLength: 3 },
).map((losses) => losses.flatMap(([loss, between]) => [loss, ...between]));

/** With several power losses in a row. */
export const withPowerLosses: fc.Arbitrary<readonly Action[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: actionOrSkip.map((each) => [each]) },
    { weight: 1, arbitrary: powerLosses },
  ),
  { minLength: 2, maxLength: 20, size: "max" },
).map((pieces) => pieces.flat());

/** Stories with the options of `fixed`, and everything else at random. */
export function stories(
  fixed: Partial<WorldOptions>,
  actions: fc.Arbitrary<readonly Action[]> = anyActions(action),
): fc.Arbitrary<Story> {
  const options = fc.record({
    sync: fc.constantFrom("os", "interval", "each"),
    rewindBytes: fc.constantFrom<(number | "auto")[]>(0, "auto", "auto", 5000, 24 * 1024),
    whenFull: fc.constantFrom("block", "drop-oldest", "drop-newest", "disconnect"),
    maxBytes: fc.constantFrom(0, 0, 48 * 1024),
    retainMs: fc.constantFrom(0, 0, 3_600_000),
  });
  return fc.record({
    options: options.map((chosen) => ({ mode: "overflow" as const, ...chosen, ...fixed })),
    window: fc.constantFrom(2, 16, 1024),
    actions,
  });
}

/**
 * Plays it, holding the route to the books after every action; then lets all faults end and everything be delivered.
 * `found`: looks at what each kill and power loss has left.
 */
export async function play(
  { options, window, actions }: Story,
  storage?: StorageKind,
  found?: (storage: Storage) => Promise<unknown>,
): Promise<void> {
  const world = new World({ storage, ...options }, found);
  await world.open();
  const wire = options.eachFrame ? new ReplyWire(world, window) : new ByteWire(world);
  for (const each of actions) {
    await perform(world, wire, each);
    world.check();
  }
  world.setFault(undefined);
  await deliverAll(world, wire);
  await wire.disconnect();
  const clean = await world.stop();
  assert(clean, "the last stop was clean");
  await world.startAgain({ clean });
  // What came back after it was dropped may be there, nothing else.
  assertEquals(world.books.pendingFrom(world.spool.confirmed).least.frames, 0, "left when everything was delivered");
  world.check();
  if (world.rewind === "auto") world.checkAllRead();
  await world.stop();
}

async function perform(world: World, wire: ByteWire | ReplyWire, action: Action): Promise<void> {
  switch (action.does) {
    case "receive":
      return world.receive(action.count);
    case "connect":
      return await wire.connect();
    case "send":
      return await wire.send(action.batches);
    case "confirm":
      if (wire instanceof ReplyWire) return await wire.reply(Math.ceil(action.share * 30), action.bad);
      return wire.acknowledge(action.share, action.told, action.read, action.known);
    case "disconnect":
      return await wire.disconnect(action.told);
    case "skip":
      return await world.skip(action.share);
    case "settle":
      return await world.settle();
    case "fault":
      return world.setFault(action.fault);
    case "repair":
      world.setFault(undefined);
      return await world.settle();
    case "restart":
      return await restart(world, wire);
    case "kill":
      return await world.die("kill", () => wire.cut());
    case "power loss":
      return await world.die(action, () => wire.cut());
  }
}

async function restart(world: World, wire: ByteWire | ReplyWire): Promise<void> {
  await wire.disconnect();
  const clean = await world.stop();
  world.setFault(undefined);
  await world.startAgain({ clean });
}

/** Nothing fails any more: everything that is left arrives, and producers are admitted. */
async function deliverAll(world: World, wire: ByteWire | ReplyWire): Promise<void> {
  await world.settle();
  await wire.connect();
  await wire.deliverAll();
  world.check();
  assertEquals(world.books.position, world.books.log.length, "not everything was delivered");
  assertEquals(world.books.skip(world.spool.confirmed), world.books.log.length, "not everything is confirmed");
  assertEquals(world.ledger.pending.frames, 0, "pending at the end");
  assert(world.admitted, "producers are still kept out");
}
