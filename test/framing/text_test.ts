/** The text of a framing, which journals store: it never changes, and is read back exactly. */
import { SpillwayError } from "../../src/base/error.ts";
import type { Framing } from "../../src/framing/framing.ts";
import { framingText, parseFraming, sameFraming } from "../../src/framing/text.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";
import { FRAMINGS } from "./examples.ts";
import { bytesFrom } from "./reference.ts";

/** Texts that existing journals have: they must never change. */
const GOLDEN: readonly (readonly [string, Framing])[] = [
  ["raw", { type: "raw" }],
  ["line delimiter=0a max_frame=1048576", { type: "line", delimiter: bytesFrom("\n"), maxFrame: 1048576 }],
  ["line delimiter=0d0a max_frame=2", { type: "line", delimiter: bytesFrom("\r\n"), maxFrame: 2 }],
  ["length-prefix width=4 endian=big offset=0 includes_header=false max_frame=1048576", {
    type: "length-prefix",
    width: 4,
    endian: "big",
    offset: 0,
    includesHeader: false,
    maxFrame: 1048576,
  }],
  ["length-prefix width=8 endian=little offset=12 includes_header=true max_frame=4096", {
    type: "length-prefix",
    width: 8,
    endian: "little",
    offset: 12,
    includesHeader: true,
    maxFrame: 4096,
  }],
  ["octet-count max_frame=65536", { type: "octet-count", maxFrame: 65536 }],
  ["delimited start=0b end=1c0d max_frame=1048576", {
    type: "delimited",
    start: bytesFrom("\x0b"),
    end: bytesFrom("\x1c\r"),
    maxFrame: 1048576,
  }],
  ["fixed size=188", { type: "fixed", size: 188 }],
];

Deno.test("A framing's text is the one that journals have", () => {
  for (const [text, framing] of GOLDEN) assertEquals(framingText(framing), text);
});

Deno.test("A framing is read back from its text exactly", () => {
  for (const [text, framing] of GOLDEN) assertEquals(parseFraming(text), framing);
  for (const framing of FRAMINGS) assertEquals(parseFraming(framingText(framing)), framing);
});

Deno.test("Two framings are the same if they read the same frames from a peer, not only from a journal", () => {
  const delimited = { type: "delimited", start: bytesFrom("<"), end: bytesFrom(">"), maxFrame: 9 } as const;
  const spaced: Framing = { ...delimited, between: bytesFrom(" ") };
  assertEquals(framingText(delimited), framingText(spaced));
  assertEquals(sameFraming(spaced, { ...delimited, between: bytesFrom(" ") }), true);
  assertEquals(sameFraming(spaced, { ...delimited, between: bytesFrom("\n") }), false);
  assertEquals(sameFraming({ type: "fixed", size: 2 }, { type: "fixed", size: 3 }), false);
  assertEquals(sameFraming({ type: "raw" }, { type: "octet-count", maxFrame: 9 }), false);
});

Deno.test("A text that is not written exactly so is refused with what was expected", () => {
  const refusals: readonly (readonly [string, string])[] = [
    ["", "expected raw, line, length-prefix, octet-count, delimited or fixed"],
    ["chunked max_frame=1", "expected raw, line, length-prefix, octet-count, delimited or fixed"],
    ["raw ", 'expected "raw"'],
    ["raw max_frame=1", 'expected "raw"'],
    ["line delimiter=0A max_frame=10", 'expected "line delimiter=0a max_frame=10"'],
    ["line delimiter=0a0 max_frame=10", 'expected "line delimiter=0a max_frame=10"'],
    ["line delimiter=zz max_frame=10", 'expected "line delimiter=00 max_frame=10"'],
    ["line max_frame=10 delimiter=0a", 'expected "line delimiter=0a max_frame=10"'],
    ["line delimiter=0a  max_frame=10", 'expected "line delimiter=0a max_frame=10"'],
    ["line delimiter=0a max_frame=010", 'expected "line delimiter=0a max_frame=10"'],
    ["line delimiter= max_frame=10", "delimiter is 0 bytes long, allowed is 1 to 16 bytes"],
    ["line delimiter=0a", "max_frame is NaN"],
    ["fixed size=0", "size is 0, allowed is a whole number of bytes from 1 on"],
    ["fixed size=1.5", "size is 1.5"],
    ["fixed", "size is NaN"],
    ["length-prefix width=3 endian=big offset=0 includes_header=false max_frame=9", "width is 3, allowed is 1, 2, 4"],
    ["length-prefix width=4 endian=big offset=0 includes_header=yes max_frame=9", "includes_header=false"],
    ["length-prefix width=4 offset=0 includes_header=true max_frame=9", "endian is undefined, allowed is big or"],
  ];
  for (const [text, expected] of refusals) {
    const error = assertThrows(() => parseFraming(text), SpillwayError, expected);
    assertEquals(error.message.startsWith(`"${text}" is not the text of a framing: `), true, error.message);
  }
});
