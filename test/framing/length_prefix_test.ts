/** Length-prefixed frames: every width and byte order, lengths that are impossible. */
import { createFramer, type Scan } from "../../src/framing/framing.ts";
import { framingText } from "../../src/framing/text.ts";
import { assertEquals } from "../support/assert.ts";
import { concat, frameOf, LENGTH_PREFIXES, type LengthPrefix, prefix } from "./examples.ts";

const MIB = 1024 * 1024;
const FOUR_BIG: LengthPrefix = {
  type: "length-prefix",
  width: 4,
  endian: "big",
  offset: 0,
  includesHeader: false,
  maxFrame: MIB,
};

function scanAll(framing: LengthPrefix, ...parts: Uint8Array[]): Scan {
  const bytes = concat(parts);
  return createFramer(framing).scan(bytes, 0, 0, bytes.length);
}

for (const framing of LENGTH_PREFIXES) {
  const name = framingText(framing);
  const headerBytes = framing.offset + framing.width;
  const counted = framing.includesHeader ? headerBytes : 0;

  Deno.test(`${name}: a body of no bytes is a frame`, () => {
    const frame = frameOf(framing, new Uint8Array(0))!;
    assertEquals(frame.length, headerBytes);
    assertEquals(scanAll(framing, frame, frame), { end: 2 * headerBytes, frames: 2, needed: 0, fault: undefined });
  });

  Deno.test(`${name}: a frame of exactly max_frame is awaited, one byte more is a fault at its header`, () => {
    const whole = frameOf(framing, new Uint8Array(60 - headerBytes))!;
    assertEquals(scanAll(framing, whole), { end: 60, frames: 1, needed: 0, fault: undefined });
    const header = whole.subarray(0, headerBytes);
    assertEquals(scanAll(framing, header.subarray(1)).needed, 0);
    assertEquals(scanAll(framing, header), { end: 0, frames: 0, needed: 60, fault: undefined });
    const said = 61 - headerBytes + counted;
    const { fault, ...found } = scanAll(framing, whole, prefix(framing, BigInt(said)));
    assertEquals(found, { end: 60, frames: 1, needed: 0 });
    const withHeader = framing.includesHeader ? "" : " (61 with its header)";
    assertEquals(fault, `length prefix says ${said} bytes${withHeader}, max_frame is 60`);
  });

  Deno.test(`${name}: the largest number the prefix can hold is named exactly`, () => {
    const largest = 2n ** BigInt(8 * framing.width) - 1n;
    const { fault, ...found } = scanAll(framing, prefix(framing, largest));
    assertEquals(found, { end: 0, frames: 0, needed: 0 });
    assertEquals(fault, `length prefix says ${largest} bytes, max_frame is 60`);
  });

  if (!framing.includesHeader) continue;

  Deno.test(`${name}: a length that is smaller than the header it includes is a fault`, () => {
    const { fault, ...found } = scanAll(framing, prefix(framing, BigInt(headerBytes - 1)), new Uint8Array(30));
    assertEquals(found, { end: 0, frames: 0, needed: 0 });
    assertEquals(
      fault,
      `length prefix says ${headerBytes - 1} bytes, the header alone has ${headerBytes} and is included`,
    );
  });
}

Deno.test("A length prefix of all ones reads as 4294967295 bytes", () => {
  assertEquals(
    scanAll(FOUR_BIG, prefix(FOUR_BIG, 4294967295n)).fault,
    "length prefix says 4294967295 bytes, max_frame is 1048576",
  );
});

Deno.test("A length over 2^53 is a fault whatever max_frame is", () => {
  for (const endian of ["big", "little"] as const) {
    const framing: LengthPrefix = { ...FOUR_BIG, width: 8, endian, maxFrame: Number.MAX_SAFE_INTEGER };
    for (const length of [2n ** 53n, 2n ** 53n + 1n, 2n ** 63n]) {
      const { fault, needed } = scanAll(framing, prefix(framing, length));
      assertEquals([fault, needed], [`length prefix says ${length} bytes, max_frame is 9007199254740991`, 0]);
    }
    assertEquals(scanAll(framing, prefix(framing, 2n ** 40n)).needed, 2 ** 40 + 8);
  }
});
