/** The route without its sockets against a plain array, under random actions, failures, kills and power losses. */
import fc from "fast-check";
import type { MemoryFiles } from "../support/memory_files.ts";
import { EXAMPLES } from "./stories/examples.ts";
import { checkToldAlike } from "../journal/support/told_alike.ts";
import { play, stories, withPowerLosses } from "./stories/story.ts";

const GIVEN = Deno.env.get("SPILLWAY_MODEL_RUNS");
const RUNS = Number(GIVEN ?? 60);
/** The gate plays the same stories each time; the soak makes up new ones. */
const SEED = GIVEN === undefined ? 20261124 : undefined;

for (const [wrong, story] of Object.entries(EXAMPLES)) Deno.test(`no more: ${wrong}`, () => play(story, found));

for (const mode of ["overflow", "always"] as const) {
  for (const eachFrame of [false, true]) {
    const confirmed = eachFrame ? "frames have replies" : "bytes are acknowledged";
    Deno.test(`${mode}, ${confirmed}: whatever happens, the route does what the model says`, async () => {
      await fc.assert(fc.asyncProperty(stories({ mode, eachFrame }), (story) => play(story)), {
        numRuns: RUNS,
        seed: SEED,
      });
    });

    Deno.test(`${mode}, ${confirmed}: after several power losses in a row the route does it too, and all that reads the journal agrees`, async () => {
      const property = fc.asyncProperty(stories({ mode, eachFrame }, withPowerLosses), (story) => play(story, found));
      await fc.assert(property, { numRuns: Math.ceil(RUNS / 3), seed: SEED });
    });
  }
}

async function found(files: MemoryFiles): Promise<void> {
  // The journal's directory itself may not have reached the disk.
  if (files.paths().length > 0) await checkToldAlike(files, undefined, "after a crash");
}
