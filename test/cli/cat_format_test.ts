/** How `cat` shows frames that it cannot tell apart. */
import { createFramer } from "../../src/framing/create.ts";
import { formatFrames } from "../../src/cli/cat/format.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("frames that nothing tells how to cut are one line, and none of their bytes is left out", () => {
  const framer = createFramer({ type: "line", delimiter: Uint8Array.of(10), maxFrame: 1024 });
  for (const text of ["a|b|c|", "a\nb|c|", "a\nb\nc\nd\n"]) {
    const bytes = new TextEncoder().encode(text);
    const passage = { kind: "frames", segment: "s", first: 7, frames: 3, timeUs: 0, bytes, framer } as const;
    const lines = String(formatFrames("json", passage)).trimEnd().split("\n").map((line) => JSON.parse(line));
    assertEquals(lines, [{ sequence: 7, time: "1970-01-01T00:00:00.000000Z", bytes: bytes.length, text }]);
  }
});
