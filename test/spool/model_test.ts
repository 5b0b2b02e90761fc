/**
 * The route without its sockets against a plain array, under random actions,
 * failures, kills and power losses; on the journal in a directory, and on one that
 * is nothing but the contract.
 */
import fc from "fast-check";
import { storyProperty } from "../support/story_property.ts";
import { checkToldAlike } from "../journal/support/told_alike.ts";
import { EXAMPLES } from "./stories/examples.ts";
import { DirectoryStorage, type Storage, STORAGES } from "./stories/storage.ts";
import { play, stories, withPowerLosses } from "./stories/story.ts";

const GIVEN = Deno.env.get("SPILLWAY_MODEL_RUNS");
const RUNS = Number(GIVEN ?? 60);
/** The gate plays the same stories each time; the soak makes up new ones. */
const SEED = GIVEN === undefined ? 20261124 : undefined;

for (const storage of STORAGES) {
  for (const [wrong, story] of Object.entries(EXAMPLES)) {
    Deno.test(`journal in ${storage}, no more: ${wrong}`, () => play(story, storage, found));
  }

  for (const mode of ["overflow", "always"] as const) {
    for (const eachFrame of [false, true]) {
      const route = `journal in ${storage}, ${mode}, ${eachFrame ? "frames have replies" : "bytes are acknowledged"}`;
      Deno.test(`${route}: whatever happens, the route does what the model says`, async () => {
        const property = storyProperty(stories({ mode, eachFrame }), (story) => play(story, storage));
        await fc.assert(property, { numRuns: RUNS, seed: SEED });
      });

      Deno.test(`${route}: after several power losses in a row the route does it too, and all that reads the journal agrees`, async () => {
        const several = stories({ mode, eachFrame }, withPowerLosses);
        const property = storyProperty(several, (story) => play(story, storage, found));
        await fc.assert(property, { numRuns: Math.ceil(RUNS / 3), seed: SEED });
      });
    }
  }
}

/** What each command that reads says of what is left. */
async function found(storage: Storage): Promise<void> {
  if (!(storage instanceof DirectoryStorage)) return;
  // The journal's directory itself may not have reached the disk.
  if (storage.files.paths().length > 0) await checkToldAlike(storage.files, undefined, "after a crash");
}
