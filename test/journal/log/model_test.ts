/** The journal against a plain map, under random actions, failures, kills and power losses. */
import fc from "fast-check";
import type { SyncPolicy } from "../../../src/journal/journal.ts";
import { type Figures, Model } from "../support/model.ts";
import { type Action, action, perform } from "../support/model_actions.ts";
import { EXAMPLES } from "../support/model_examples.ts";
import { storyProperty } from "../../support/story_property.ts";

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
      storyProperty(fc.array(action, { maxLength: 40 }), (actions) => play(actions, sync, figures)),
      { numRuns, examples: EXAMPLES },
    );
    if (SOAK_RUNS !== undefined) console.log(`sync = ${sync}: ${numRuns} runs`, figures);
  });
}
