/** Lines: delimiters of one byte and of several, those that overlap themselves, their limit. */
import { createFramer, type Framer } from "../../src/framing/framing.ts";
import { assertEquals } from "../support/assert.ts";
import { DELIMITERS } from "./examples.ts";
import { bytesFrom } from "./reference.ts";

const MIB = 1024 * 1024;

function lines(delimiter: string, maxFrame: number): Framer {
  return createFramer({ type: "line", delimiter: bytesFrom(delimiter), maxFrame });
}

function scanAll(framer: Framer, text: string) {
  return framer.scan(bytesFrom(text), 0, 0, text.length);
}

Deno.test("A frame ends with the first delimiter that begins in it, so delimiters that overlap are not shared", () => {
  assertEquals(scanAll(lines("aaa", 99), "aaaaa").end, 3);
  assertEquals(scanAll(lines("aaa", 99), "aaaaaa").frames, 2);
  assertEquals(scanAll(lines("aba", 99), "xababa").end, 4);
  assertEquals(scanAll(lines("aba", 99), "xababaxaba").frames, 2);
  assertEquals(scanAll(lines("aab", 99), "aaaab").end, 5);
});

for (const delimiter of DELIMITERS) {
  const name = JSON.stringify(delimiter);

  Deno.test(`A line that has exactly max_frame bytes with its delimiter ${name} is a frame, one byte more is not`, () => {
    const framer = lines(delimiter, 100);
    const line = (length: number) => "x".repeat(length - delimiter.length) + delimiter;
    assertEquals(scanAll(framer, line(100)), { end: 100, frames: 1, needed: 0, fault: undefined });
    assertEquals(scanAll(framer, line(100).repeat(3)), { end: 300, frames: 3, needed: 0, fault: undefined });
    const { fault, ...found } = scanAll(framer, line(20) + line(101) + line(20));
    assertEquals(found, { end: 20, frames: 1, needed: 0 });
    const hex = Array.from(bytesFrom(delimiter), (byte) => byte.toString(16).padStart(2, "0")).join("");
    assertEquals(fault, `no delimiter ${hex} in 100 bytes, max_frame is 100`);
  });

  Deno.test(`max_frame bytes without a whole delimiter ${name} are a fault, one byte less is unfinished`, () => {
    const framer = lines(delimiter, 100);
    assertEquals(scanAll(framer, "x".repeat(99)).fault, undefined);
    assertEquals(typeof scanAll(framer, "x".repeat(100)).fault, "string");
    const partial = "x".repeat(101 - delimiter.length) + delimiter.slice(0, -1);
    assertEquals(typeof scanAll(framer, partial).fault, "string");
  });

  Deno.test(`What was scanned before is not searched again for ${name}`, () => {
    // Delimiters where the caller says there are none: a search that looks there finds them.
    const before = delimiter.repeat(4);
    const filler = "x".repeat(delimiter.length);
    const bytes = bytesFrom(before + filler + delimiter);
    const framer = lines(delimiter, 1000);
    const scanned = before.length + filler.length;
    assertEquals(framer.scan(bytes, 0, scanned, scanned).frames, 0);
    assertEquals(framer.scan(bytes, 0, scanned, bytes.length).frames, 1);
    assertEquals(framer.scan(bytes, 0, scanned, bytes.length).end, bytes.length);
  });

  Deno.test(`A line of 1 MiB that arrives byte by byte ends with ${name}`, () => {
    const framer = lines(delimiter, MIB);
    const bytes = new Uint8Array(MIB).fill(0x78);
    bytes.set(bytesFrom(delimiter), MIB - delimiter.length);
    for (let end = 1; end < MIB; end++) {
      const found = framer.scan(bytes, 0, end - 1, end);
      if (found.frames > 0 || found.fault !== undefined) throw new Error(`${JSON.stringify(found)} at ${end}`);
    }
    assertEquals(framer.scan(bytes, 0, MIB - 1, MIB), { end: MIB, frames: 1, needed: 0, fault: undefined });
  });
}

Deno.test("A buffer of many times max_frame is cut although no window of max_frame ends at a boundary", () => {
  for (const length of [51, 99, 100]) {
    const line = "x".repeat(length - 1) + "\n";
    const found = scanAll(lines("\n", 100), line.repeat(50) + "rest");
    assertEquals(found, { end: 50 * length, frames: 50, needed: 0, fault: undefined });
  }
});

Deno.test("A mebibyte of empty lines is counted exactly", () => {
  assertEquals(lines("\n", 16).scan(new Uint8Array(MIB).fill(10), 0, 0, MIB).frames, MIB);
  assertEquals(lines("\n", MIB).scan(new Uint8Array(MIB).fill(10), 0, 0, MIB).frames, MIB);
});
