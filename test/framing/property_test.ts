/** Random frames and random bytes, in random chunks: every framer agrees with the naive reference. */
import fc from "fast-check";
import { createFramer, type Framing } from "../../src/framing/framing.ts";
import { framingText } from "../../src/framing/text.ts";
import { assertEquals } from "../support/assert.ts";
import { concat, DELIMITERS, frameOf, FRAMINGS } from "./examples.ts";
import { feed } from "./feeding.ts";
import { bytesFrom } from "./reference.ts";

/** Few different bytes, so that delimiters, digits and plausible lengths come up all the time. */
const byteLike = fc.constantFrom(0, 0, 1, 2, 5, 10, 11, 13, 28, 32, 48, 49, 51, 60, 62, 97, 97, 97, 98, 99, 255);

function soup(maxLength: number): fc.Arbitrary<Uint8Array> {
  return fc.array(byteLike, { maxLength, size: "max" }).map((bytes) => Uint8Array.from(bytes));
}

/** Ascending offsets up to `length`, which is the last. */
function arrivalsUpTo(length: number): fc.Arbitrary<number[]> {
  return fc.array(fc.nat(length), { maxLength: 12 }).map((offsets) => [...offsets.sort((a, b) => a - b), length]);
}

function bodySize(framing: Framing): fc.Arbitrary<Uint8Array> {
  const length = framing.type === "fixed" ? framing.size : 1;
  return framing.type === "fixed" || framing.type === "raw"
    ? fc.uint8Array({ minLength: length, maxLength: length })
    : fc.oneof(fc.uint8Array({ maxLength: 50 }), soup(50));
}

for (const framing of FRAMINGS) {
  const framer = createFramer(framing);

  Deno.test(`${framingText(framing)}: random frames in random chunks come out with exactly their boundaries`, () => {
    const frame = bodySize(framing).map((body) => frameOf(framing, body)).filter((found) => found !== undefined);
    const stream = fc.array(frame, { minLength: 1, maxLength: 20 }).chain((frames) =>
      fc.tuple(fc.constant(frames), arrivalsUpTo(concat(frames).length))
    );
    fc.assert(
      fc.property(stream, ([frames, arrivals]) => {
        const input = concat(frames);
        assertEquals(feed(framer, input, arrivals), { end: input.length, frames: frames.length, fault: undefined });
        let boundary = 0;
        for (const [index, { length }] of frames.entries()) {
          boundary += length;
          const found = framer.scan(input, 0, 0, boundary);
          assertEquals([found.end, found.frames], [boundary, index + 1]);
        }
      }),
      { numRuns: 60 },
    );
  });

  Deno.test(`${framingText(framing)}: any bytes in any chunks are cut as the naive reference cuts them`, () => {
    const chunked = soup(300).chain((input) => fc.tuple(fc.constant(input), arrivalsUpTo(input.length)));
    fc.assert(fc.property(chunked, ([input, arrivals]) => void feed(framer, input, arrivals)), { numRuns: 200 });
  });
}

Deno.test("lines of any delimiter and max_frame in any chunks are cut as the naive reference cuts them", () => {
  const framing = fc.record({
    type: fc.constant("line" as const),
    delimiter: fc.constantFrom(...DELIMITERS, "a", "ab").map(bytesFrom),
    maxFrame: fc.integer({ min: 16, max: 400 }),
  });
  // Long stretches without a delimiter between them, so that lines come near max_frame.
  const stretch = fc.tuple(fc.nat(120), soup(6)).map(([length, end]) => concat([new Uint8Array(length).fill(7), end]));
  const chunked = fc.array(stretch, { maxLength: 12 }).map(concat).chain((input) =>
    fc.tuple(framing, fc.constant(input), arrivalsUpTo(input.length))
  );
  fc.assert(
    fc.property(chunked, ([framing, input, arrivals]) => void feed(createFramer(framing), input, arrivals)),
    { numRuns: 1000 },
  );
});
