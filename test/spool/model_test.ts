/**
 * The route without its sockets against a plain array, under random actions,
 * failures, kills and power losses; on the journal in a directory, and on one that
 * is nothing but the contract.
 */
import fc from "fast-check";
import { EXAMPLES } from "./stories/examples.ts";
import { STORAGES } from "./stories/storage.ts";
import { play, stories } from "./stories/story.ts";

const GIVEN = Deno.env.get("SPILLWAY_MODEL_RUNS");
const RUNS = Number(GIVEN ?? 60);
/** The gate plays the same stories each time; the soak makes up new ones. */
const SEED = GIVEN === undefined ? 20261124 : undefined;

for (const storage of STORAGES) {
  for (const [wrong, story] of Object.entries(EXAMPLES)) {
    Deno.test(`journal in ${storage}, no more: ${wrong}`, () => play(story, storage));
  }

  for (const mode of ["overflow", "always"] as const) {
    for (const eachFrame of [false, true]) {
      const confirmed = eachFrame ? "frames are answered" : "bytes are acknowledged";
      Deno.test(`journal in ${storage}, ${mode}, ${confirmed}: whatever happens, the route does what the model says`, async () => {
        const property = fc.asyncProperty(stories({ mode, eachFrame }), (story) => play(story, storage));
        await fc.assert(property, { numRuns: RUNS, seed: SEED });
      });
    }
  }
}
