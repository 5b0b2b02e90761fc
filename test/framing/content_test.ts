import { frameContent, type Framing } from "../../src/framing/framing.ts";
import { assertEquals } from "../support/assert.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

const CASES: readonly [Framing, string, string][] = [
  [{ type: "line", delimiter: bytes("\r\n"), maxFrame: 99 }, "a b\r\n", "a b"],
  [{ type: "line", delimiter: bytes("\n"), maxFrame: 99 }, "\n", ""],
  [{ type: "delimited", start: bytes("\v"), end: bytes("\x1c\r"), maxFrame: 99 }, "\vMSA|AA\x1c\r", "MSA|AA"],
  [
    { type: "length-prefix", width: 2, endian: "big", offset: 1, includesHeader: false, maxFrame: 99 },
    "h\0\x02ok",
    "ok",
  ],
  [{ type: "octet-count", maxFrame: 99 }, "3 a b", "a b"],
  [{ type: "fixed", size: 3 }, "abc", "abc"],
  [{ type: "raw" }, "a", "a"],
];

for (const [framing, frame, content] of CASES) {
  Deno.test(`the content of a ${framing.type} frame ${JSON.stringify(frame)} is ${JSON.stringify(content)}`, () => {
    assertEquals(new TextDecoder().decode(frameContent(framing, bytes(frame))), content);
  });
}
