/** The route without its sockets against a plain array, under random actions, failures, kills and power losses. */
import fc from "fast-check";
import { EXAMPLES } from "./stories/examples.ts";
import { play, stories } from "./stories/story.ts";

const GIVEN = Deno.env.get("SPILLWAY_MODEL_RUNS");
const RUNS = Number(GIVEN ?? 60);
/** The gate plays the same stories each time; the soak makes up new ones. */
const SEED = GIVEN === undefined ? 20261124 : undefined;

for (const [wrong, story] of Object.entries(EXAMPLES)) Deno.test(`no more: ${wrong}`, () => play(story));

for (const mode of ["overflow", "always"] as const) {
  for (const eachFrame of [false, true]) {
    const confirmed = eachFrame ? "frames have replies" : "bytes are acknowledged";
    Deno.test(`${mode}, ${confirmed}: whatever happens, the route does what the model says`, async () => {
      await fc.assert(fc.asyncProperty(stories({ mode, eachFrame }), play), { numRuns: RUNS, seed: SEED });
    });
  }
}
