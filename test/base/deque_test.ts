/** The double-ended queue against an array. */
import fc from "fast-check";
import { Deque } from "../../src/base/deque.ts";
import { assertEquals } from "../support/assert.ts";

type Step = { readonly push: number } | "shift" | "clear";

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.nat().map((push) => ({ push })) },
  { weight: 8, arbitrary: fc.constant("shift" as const) },
  { weight: 1, arbitrary: fc.constant("clear" as const) },
);

Deno.test("A deque behaves as an array does, whatever is pushed, shifted and cleared", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: "max" }), (steps) => {
      const deque = new Deque<number>();
      let model: number[] = [];
      for (const step of steps) {
        if (step === "shift") assertEquals(deque.shift(), model.shift());
        else if (step === "clear") deque.clear(), model = [];
        else deque.push(step.push), model.push(step.push);
        assertEquals(Array.from({ length: deque.length }, (_, i) => deque.at(i)), model);
        assertEquals([deque.first(), deque.last()], [model.at(0), model.at(-1)]);
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("A deque has nothing before its front and after its back", () => {
  const deque = new Deque<number>();
  assertEquals([deque.shift(), deque.first(), deque.last(), deque.at(0)], [undefined, undefined, undefined, undefined]);
  // A full ring: the slot before the front is the back, the one after the back is the front.
  for (let i = 0; i < 16; i++) deque.push(i);
  assertEquals([deque.at(-1), deque.at(16), deque.at(0), deque.at(15)], [undefined, undefined, 0, 15]);
});

Deno.test("A deque keeps its order when it grows with its front in the middle of the ring", () => {
  const deque = new Deque<number>();
  for (let i = 0; i < 16; i++) deque.push(i);
  for (let i = 0; i < 10; i++) deque.shift();
  for (let i = 16; i < 40; i++) deque.push(i);
  assertEquals(Array.from({ length: 30 }, () => deque.shift()), Array.from({ length: 30 }, (_, i) => i + 10));
  assertEquals(deque.length, 0);
});

Deno.test("A deque gives back what was pushed last, from wherever its ring stands", () => {
  const deque = new Deque<number>();
  for (let i = 0; i < 20; i++) deque.push(i);
  for (let i = 0; i < 15; i++) deque.shift();
  for (let i = 20; i < 30; i++) deque.push(i);
  assertEquals([deque.pop(), deque.pop(), deque.length, deque.last()], [29, 28, 13, 27]);
  while (deque.length > 0) deque.pop();
  assertEquals([deque.pop(), deque.length], [undefined, 0]);
});
