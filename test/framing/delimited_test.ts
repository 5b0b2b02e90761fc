/** Delimited frames: where they begin and end, what stands between them, their limit. */
import { createFramer, type Framer } from "../../src/framing/framing.ts";
import { assertEquals } from "../support/assert.ts";
import { bytesFrom } from "./reference.ts";

const MIB = 1024 * 1024;

function delimited(start: string, end: string, maxFrame: number): Framer {
  return createFramer({ type: "delimited", start: bytesFrom(start), end: bytesFrom(end), maxFrame });
}

function scanAll(framer: Framer, text: string) {
  return framer.scan(bytesFrom(text), 0, 0, text.length);
}

const MLLP = delimited("\x0b", "\x1c\r", 100);

Deno.test("MLLP messages are cut at their ends, though they hold the parts of an end", () => {
  const text = "\x0bMSH|a\rPID|\x1c|b\r\x1c\r\x0b\x1c\r";
  assertEquals(scanAll(MLLP, text), { end: text.length, frames: 2, needed: 0, fault: undefined });
});

Deno.test("Bytes between two delimited frames are a fault that shows what was found and what was expected", () => {
  const { fault, ...found } = scanAll(MLLP, "\x0ba\x1c\r\n\x0bb\x1c\r");
  assertEquals(found, { end: 4, frames: 1, needed: 0 });
  assertEquals(fault, "frame begins with 0a, expected its start 0b");
  assertEquals(
    scanAll(delimited("<<!", ">", 100), "<<?x>").fault,
    "frame begins with 3c3c3f, expected its start 3c3c21",
  );
});

Deno.test("The beginning of a start is no fault yet", () => {
  const framer = delimited("<<!", ">", 100);
  assertEquals(scanAll(framer, "<<!x><<"), { end: 5, frames: 1, needed: 0, fault: undefined });
  assertEquals(typeof scanAll(framer, "<<!x><?").fault, "string");
});

Deno.test("An end does not begin inside the start", () => {
  assertEquals(scanAll(delimited("aab", "ba", 100), "aaba").frames, 0);
  assertEquals(scanAll(delimited("aab", "ba", 100), "aababa").end, 6);
});

Deno.test("A delimited frame of exactly max_frame is a frame, one byte more is a fault", () => {
  const frame = (length: number) => "\x0b" + "x".repeat(length - 3) + "\x1c\r";
  assertEquals(scanAll(MLLP, frame(100).repeat(3)).frames, 3);
  const { fault, ...found } = scanAll(MLLP, frame(9) + frame(101));
  assertEquals(found, { end: 9, frames: 1, needed: 0 });
  assertEquals(fault, "no end 1c0d in 100 bytes, max_frame is 100");
  assertEquals(scanAll(MLLP, frame(101).slice(0, 99)).fault, undefined);
  assertEquals(typeof scanAll(MLLP, frame(101).slice(0, 100)).fault, "string");
});

Deno.test("What was scanned before is not searched again for an end", () => {
  const bytes = bytesFrom("\x0b\x1c\r\x1c\rxx\x1c\r");
  assertEquals(MLLP.scan(bytes, 0, 7, 8).frames, 0);
  assertEquals(MLLP.scan(bytes, 0, 7, 9), { end: 9, frames: 1, needed: 0, fault: undefined });
});

Deno.test("A delimited frame of 1 MiB that arrives byte by byte is found at its end", () => {
  const framer = delimited("\x0b", "\x1c\r", MIB);
  const bytes = bytesFrom("\x0b" + "\x1c".repeat(MIB - 2) + "\r");
  for (let end = 1; end < MIB; end++) {
    const found = framer.scan(bytes, 0, end - 1, end);
    if (found.frames > 0 || found.fault !== undefined) throw new Error(`${JSON.stringify(found)} at ${end}`);
  }
  assertEquals(framer.scan(bytes, 0, MIB - 1, MIB), { end: MIB, frames: 1, needed: 0, fault: undefined });
});
