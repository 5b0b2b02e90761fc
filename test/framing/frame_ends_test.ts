/** The end of each single frame of a run, against the naive reference. */
import fc from "fast-check";
import { createFramer } from "../../src/framing/framing.ts";
import { frameEnds } from "../../src/framing/frame_ends.ts";
import { assertEquals } from "../support/assert.ts";
import { concat, frameOf, FRAMINGS } from "./examples.ts";
import { cut } from "./reference.ts";

for (const framing of FRAMINGS) {
  Deno.test(`each frame of a run ends where the reference says: ${JSON.stringify(framing)}`, () => {
    const framer = createFramer(framing);
    const bodies = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(bodies, fc.nat({ max: 5 }), (bodies, before) => {
        const frames = bodies.map((body) => frameOf(framing, body)).filter((frame) => frame !== undefined);
        const run = concat(frames);
        const { boundaries } = cut(framing, run);
        const bytes = concat([new Uint8Array(before).fill(0xaa), run]);
        const ends = frameEnds(framer, bytes, before, bytes.length, boundaries.length);
        assertEquals([...ends], [...boundaries]);
      }),
      { numRuns: 20 },
    );
  });
}
