/** What holds for every kind of framing: its largest frame, its content, and which parameters are refused. */
import { SpillwayError } from "../../src/base/error.ts";
import { createFramer, frameContent, type Framing, largestFrame } from "../../src/framing/framing.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";
import { FRAMINGS } from "./examples.ts";
import { bytesFrom } from "./reference.ts";

Deno.test("A framer knows its framing and its largest frame", () => {
  for (const framing of FRAMINGS) {
    const framer = createFramer(framing);
    assertEquals(framer.framing, framing);
    const largest = framing.type === "raw" ? 1 : framing.type === "fixed" ? framing.size : framing.maxFrame;
    assertEquals([framer.maxFrame, largestFrame(framing)], [largest, largest]);
  }
});

Deno.test("A scan of nothing finds nothing, wherever it starts", () => {
  for (const framing of FRAMINGS) {
    const nothing = { end: 3, frames: 0, needed: 0, fault: undefined };
    assertEquals(createFramer(framing).scan(new Uint8Array(8), 3, 3, 3), nothing);
  }
});

Deno.test("Parameters outside their range are refused with what was found and what is allowed", () => {
  const lf = Uint8Array.of(10);
  const prefix = {
    type: "length-prefix",
    width: 4,
    endian: "big",
    offset: 2,
    includesHeader: false,
    maxFrame: 100,
  } as const;
  const refusals: readonly (readonly [Framing, string])[] = [
    [
      { type: "line", delimiter: new Uint8Array(0), maxFrame: 9 },
      "delimiter is 0 bytes long, allowed is 1 to 16 bytes",
    ],
    [{ type: "line", delimiter: new Uint8Array(17), maxFrame: 99 }, "delimiter is 17 bytes long, allowed is 1 to 16"],
    [{ type: "line", delimiter: lf, maxFrame: 0 }, "max_frame is 0, allowed is a whole number of bytes from 1 on"],
    [{ type: "line", delimiter: lf, maxFrame: 2 ** 53 }, "max_frame is 9007199254740992"],
    [{ ...prefix, maxFrame: 5 }, "max_frame is 5, allowed is a whole number of bytes from 6 on, for the header"],
    [{ ...prefix, offset: -1 }, "offset is -1, allowed is a whole number of bytes from 0 on"],
    [{ ...prefix, width: 3 as 4 }, "width is 3, allowed is 1, 2, 4 or 8"],
    [{ ...prefix, endian: "middle" as "big" }, "endian is middle, allowed is big or little"],
    [{ type: "octet-count", maxFrame: 2 }, "max_frame is 2, allowed is a whole number of bytes from 3 on"],
    [{ type: "delimited", start: lf, end: new Uint8Array(0), maxFrame: 9 }, "end is 0 bytes long"],
    [{ type: "delimited", start: new Uint8Array(17), end: lf, maxFrame: 99 }, "start is 17 bytes long"],
    [
      { type: "delimited", start: lf, end: lf, maxFrame: 1 },
      "max_frame is 1, allowed is a whole number of bytes from 2",
    ],
    [{ type: "fixed", size: 0 }, "size is 0, allowed is a whole number of bytes from 1 on"],
  ];
  for (const [framing, expected] of refusals) {
    assertThrows(() => createFramer(framing), SpillwayError, `framing: ${expected}`);
  }
});

/** A framing, a whole frame and its content. */
const CONTENTS: readonly [Framing, string, string][] = [
  [{ type: "line", delimiter: bytesFrom("\r\n"), maxFrame: 99 }, "a b\r\n", "a b"],
  [{ type: "line", delimiter: bytesFrom("\n"), maxFrame: 99 }, "\n", ""],
  [{ type: "delimited", start: bytesFrom("\v"), end: bytesFrom("\x1c\r"), maxFrame: 99 }, "\vMSA|AA\x1c\r", "MSA|AA"],
  [
    { type: "length-prefix", width: 2, endian: "big", offset: 1, includesHeader: false, maxFrame: 99 },
    "h\0\x02ok",
    "ok",
  ],
  [{ type: "octet-count", maxFrame: 99 }, "3 a b", "a b"],
  [{ type: "fixed", size: 3 }, "abc", "abc"],
  [{ type: "raw" }, "a", "a"],
];

for (const [framing, frame, content] of CONTENTS) {
  Deno.test(`the content of a ${framing.type} frame ${JSON.stringify(frame)} is ${JSON.stringify(content)}`, () => {
    assertEquals(new TextDecoder().decode(frameContent(framing, bytesFrom(frame))), content);
  });
}
