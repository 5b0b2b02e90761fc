/** Frames that arrive in every possible division into pieces. */
import { createFramer, type Framing } from "../../src/framing/framing.ts";
import { framingText } from "../../src/framing/text.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { concat, frameOf, FRAMINGS } from "./examples.ts";
import { feed, feedEveryWay } from "./feeding.ts";
import { bytesFrom, cut } from "./reference.ts";

/** Empty, short, full of the bytes that delimiters and headers are made of, and long ones. */
const BODIES = [
  "",
  "x",
  "7",
  "a",
  "aa",
  "ab",
  "aabaab",
  "\r",
  "\r\r",
  "\n\r",
  "\0\0",
  "1 3 x",
  "7 bytes",
  "aab\r\n\0a",
  "a line of some 30 characters .",
];

function framesFor(framing: Framing): Uint8Array[] {
  return BODIES.map((body) => frameOf(framing, bytesFrom(body))).filter((frame) => frame !== undefined);
}

for (const framing of FRAMINGS) {
  const name = framingText(framing);

  Deno.test(`${name}: frames are found however the input is split`, () => {
    const frames = framesFor(framing);
    assert(frames.length > 0);
    const fed = feedEveryWay(createFramer(framing), concat(frames));
    assertEquals(fed, { end: concat(frames).length, frames: frames.length, fault: undefined });
  });

  Deno.test(`${name}: an unfinished frame at the end is left over however the input is split`, () => {
    const frames = framesFor(framing);
    const last = frames.at(-1)!;
    for (let kept = 1; kept < last.length; kept++) {
      const fed = feedEveryWay(createFramer(framing), concat([...frames.slice(-2), last.subarray(0, kept)]));
      assertEquals(fed.fault, undefined);
    }
  });

  Deno.test(`${name}: whatever byte stands anywhere, the frames before it are found and the fault is the same`, () => {
    const framer = createFramer(framing);
    const good = concat(framesFor(framing).slice(0, 4));
    for (let at = 0; at < good.length; at++) {
      for (const byte of [0x00, 0x20, 0x30, 0x39, 0x3e, 0x61, 0xff]) {
        const input = good.slice();
        input[at] = byte;
        const before = feed(framer, good, [at]);
        const fed = feedEveryWay(framer, input);
        assert(fed.frames >= before.frames && fed.end >= before.end);
      }
    }
  });

  Deno.test(`${name}: a scan of any part of whole frames ends at the last boundary in it`, () => {
    const framer = createFramer(framing);
    const input = concat(framesFor(framing));
    const boundaries = [0, ...cut(framing, input).boundaries];
    for (const start of boundaries) {
      for (let until = start; until <= input.length; until++) {
        const found = framer.scan(input, start, start, until);
        const inside = boundaries.filter((boundary) => boundary > start && boundary <= until);
        assertEquals([found.end, found.frames, found.fault], [inside.at(-1) ?? start, inside.length, undefined]);
      }
    }
  });
}
