/** Counting a byte and finding a byte string in a region, whatever stands around it. */
import fc from "fast-check";
import { countByte } from "../../src/framing/count.ts";
import { Pattern, wordsOf } from "../../src/framing/pattern.ts";
import { assertEquals } from "../support/assert.ts";
import { bytesFrom, latin1 } from "./reference.ts";

Deno.test("Every byte value is counted among every other one", () => {
  const bytes = new Uint8Array(128);
  for (let byte = 0; byte < 256; byte++) {
    for (let other = 0; other < 256; other++) {
      // Neighbours on both sides in a word: a test that borrows or carries between lanes miscounts some pair.
      for (let i = 0; i < bytes.length; i++) bytes[i] = i % 3 === 0 ? byte : other;
      const count = countByte(bytes, 0, bytes.length, byte);
      if (count !== (byte === other ? 128 : 43)) throw new Error(`${count} of byte ${byte} among ${other}`);
    }
  }
});

Deno.test("Counts do not overflow however many bytes match", () => {
  const bytes = new Uint8Array(300_000).fill(200);
  for (const length of [1019, 1020, 1021, 1024, 2040, 2044, 299_990]) {
    for (let from = 0; from < 5; from++) assertEquals(countByte(bytes, from, from + length, 200), length);
  }
});

Deno.test("Counting any region of a view at any alignment counts that region alone", () => {
  const bytesOfFew = fc.array(fc.constantFrom(0, 1, 9, 10, 11, 138, 255), {
    minLength: 8,
    maxLength: 400,
    size: "max",
  });
  fc.assert(
    fc.property(bytesOfFew, fc.nat(7), fc.nat(400), fc.nat(400), (numbers, shift, one, other) => {
      const bytes = Uint8Array.from(numbers).subarray(shift);
      const from = Math.min(one, other, bytes.length);
      const until = Math.min(Math.max(one, other), bytes.length);
      assertEquals(countByte(bytes, from, until, 10), bytes.slice(from, until).filter((byte) => byte === 10).length);
    }),
    { numRuns: 500 },
  );
});

Deno.test("A pattern is found in any region of a view at any alignment, and only wholly inside", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "c", "`"), minLength: 0, maxLength: 200, size: "max" });
  const pattern = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 16 });
  fc.assert(
    fc.property(text, pattern, fc.nat(7), fc.nat(200), fc.nat(200), (haystack, needle, shift, one, other) => {
      const bytes = bytesFrom("aaaaaaa".slice(0, shift) + haystack + "abab").subarray(shift, shift + haystack.length);
      const from = Math.min(one, other, bytes.length);
      const until = Math.min(Math.max(one, other), bytes.length);
      const expected = latin1(bytes).slice(0, until).indexOf(needle, from);
      assertEquals(new Pattern(bytesFrom(needle)).find(bytes, wordsOf(bytes), from, until), expected);
    }),
    { numRuns: 2000 },
  );
});
