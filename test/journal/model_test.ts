/** The journal against a plain map, under random actions, failures, kills and power losses. */
import fc from "fast-check";
import type { Operation } from "../support/memory_files.ts";
import type { SyncPolicy } from "../../src/journal/types.ts";
import { type Figures, Model } from "./model.ts";

type Action =
  /** So many runs of so many frames; `hole` frames before them were delivered from memory. */
  | { readonly does: "append"; readonly sizes: readonly number[]; readonly hole: number }
  | { readonly does: "confirm"; readonly share: number }
  | { readonly does: "read"; readonly share: number; readonly bufferBytes: number }
  | { readonly does: "follow" }
  | { readonly does: "rewind"; readonly share: number; readonly bytes: number }
  | { readonly does: "wait"; readonly ms: number }
  | {
    readonly does: "fail";
    readonly operations: readonly Operation[];
    readonly code: string;
    readonly written: number;
    readonly times: number;
  }
  | { readonly does: "stop" }
  | { readonly does: "kill" }
  /** In the middle of what comes next: after so many more operations; with a seed the power goes too. */
  | { readonly does: "doom"; readonly operations: number; readonly written: number; readonly seed?: number }
  | { readonly does: "power loss"; readonly seed: number };

const MODIFYING: readonly Operation[] = [
  "write",
  "sync",
  "truncate",
  "open",
  "rename",
  "unlink",
  "syncDirectory",
  "makeDirectory",
];

const share = fc.double({ min: 0, max: 1, noNaN: true });
const seed = fc.nat();
const written = fc.integer({ min: 0, max: 600 });

function weighted(weight: number, does: Action["does"], fields: Readonly<Record<string, fc.Arbitrary<unknown>>> = {}) {
  return { weight, arbitrary: fc.record({ does: fc.constant(does), ...fields }) as fc.Arbitrary<Action> };
}

const action: fc.Arbitrary<Action> = fc.oneof(
  weighted(8, "append", {
    sizes: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
    hole: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 9 }) }),
  }),
  weighted(4, "confirm", { share }),
  weighted(3, "read", { share, bufferBytes: fc.constantFrom(128, 1000, 65536) }),
  weighted(4, "follow"),
  weighted(1, "rewind", { share, bytes: fc.integer({ min: 0, max: 3000 }) }),
  weighted(4, "wait", { ms: fc.constantFrom(50, 100, 1000) }),
  weighted(2, "fail", {
    operations: fc.oneof(fc.constantFrom(...MODIFYING).map((each) => [each]), fc.constant(MODIFYING)),
    code: fc.constantFrom("EIO", "ENOSPC"),
    written,
    times: fc.integer({ min: 1, max: 3 }),
  }),
  weighted(1, "stop"),
  weighted(1, "kill"),
  weighted(2, "doom", {
    operations: fc.integer({ min: 1, max: 12 }),
    written,
    seed: fc.option(seed, { nil: undefined }),
  }),
  weighted(2, "power loss", { seed }),
);

async function perform(model: Model, action: Action): Promise<void> {
  switch (action.does) {
    case "append":
      return await model.append(action.sizes, action.hole);
    case "confirm":
      return model.confirm(action.share);
    case "read":
      return await model.read(action.share, action.bufferBytes);
    case "follow":
      return await model.follow();
    case "rewind":
      return await model.rewind(action.share, action.bytes);
    case "wait":
      return await model.wait(action.ms);
    case "fail":
      return model.fail(action.operations, action.code, action.written, action.times);
    case "doom":
      return model.doom(action.operations, action.written, action.seed);
    case "stop":
      return await model.stop();
    case "kill":
      return model.crash(undefined);
    case "power loss":
      return model.crash(action.seed);
  }
}

async function play(actions: readonly Action[], sync: SyncPolicy, figures: Figures): Promise<void> {
  const options = { sync, syncIntervalMs: 100, segmentBytes: 1500, recordBytes: 500, rewindBytes: 700 };
  const model = new Model(options, figures);
  await model.start();
  for (const each of actions) {
    try {
      await perform(model, each);
    } catch (error) {
      if (!model.files.crashed && !isSystemError(error)) throw error;
    }
    if (model.files.crashed) await model.restart();
  }
  await model.finish();
}

/** What `append` and a read may say while the disk fails. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && ["SystemError", "JournalFullError"].includes(error.name);
}

const SOAK_RUNS = Deno.env.get("SPILLWAY_MODEL_RUNS");

for (const sync of ["os", "interval", "each"] as const satisfies readonly SyncPolicy[]) {
  Deno.test(`whatever happens, the journal has what it took, in order, and nothing else (sync = ${sync})`, async () => {
    const figures: Figures = { appended: 0, delivered: 0, faults: 0, kills: 0, powerLosses: 0, taken: 0 };
    const numRuns = Number(SOAK_RUNS ?? 300);
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40 }), (actions) => play(actions, sync, figures)),
      { numRuns, examples: EXAMPLES },
    );
    if (SOAK_RUNS !== undefined) console.log(`sync = ${sync}: ${numRuns} runs`, figures);
  });
}

/** Shrunk failures of the past. */
const EXAMPLES: [Action[]][] = [
  // A segment without records took its base for the end of the record before it.
  [[{ does: "doom", operations: 3, written: 0 }, { does: "append", sizes: [1], hole: 1 }]],
  // A file that had failed looked newer than the segments written after it.
  [[{ does: "fail", operations: ["sync"], code: "EIO", written: 0, times: 1 }, {
    does: "append",
    sizes: [1],
    hole: 1,
  }]],
  // A hole before records that a later segment has again was taken for a loss.
  [[
    { does: "append", sizes: [1], hole: 0 },
    { does: "fail", operations: ["sync"], code: "EIO", written: 0, times: 1 },
    { does: "append", sizes: [1], hole: 1 },
    { does: "append", sizes: [1], hole: 1 },
  ]],
  // A segment was replaced on disk, the sync of the directory failed, and readers did not know the new file.
  [[
    { does: "append", sizes: [1], hole: 0 },
    { does: "fail", operations: ["sync"], code: "EIO", written: 0, times: 1 },
    { does: "wait", ms: 100 },
    { does: "fail", operations: ["syncDirectory"], code: "EIO", written: 0, times: 1 },
    { does: "append", sizes: [1], hole: 0 },
    { does: "read", share: 0, bufferBytes: 128 },
  ]],
  // The copy of a segment forgot the hole before it.
  [[
    { does: "append", sizes: [2], hole: 1 },
    { does: "fail", operations: ["syncDirectory"], code: "EIO", written: 0, times: 1 },
    { does: "append", sizes: [5, 1], hole: 0 },
  ]],
  // A reader at the end of a segment that was replaced jumped over what had been appended since.
  [[
    { does: "fail", operations: ["sync"], code: "EIO", written: 0, times: 1 },
    { does: "append", sizes: [1, 5], hole: 0 },
    { does: "follow" },
    { does: "append", sizes: [2, 1], hole: 0 },
    { does: "follow" },
  ]],
];
