/** What a histogram tells of the values that it was given. */
import fc from "fast-check";
import { Histogram } from "../../src/base/histogram.ts";
import { assert, assertEquals } from "../support/assert.ts";

const BOUNDS = [0.001, 0.01, 0.1, 1];

Deno.test("a value at a bound belongs to the range that ends there, and one above all bounds counts too", () => {
  const histogram = new Histogram(BOUNDS);
  for (const value of [0, 0.001, 0.0011, 0.01, 1, 1.5, 100]) histogram.observe(value);
  histogram.observe(0.05, 3);
  assertEquals(histogram.cumulative, [2, 4, 7, 8]);
  assertEquals(histogram.count, 10);
  assert(Math.abs(histogram.sum - 102.6621) < 1e-9, `${histogram.sum}`);
});

Deno.test("a quantile lies in the range of the value that it stands for", () => {
  assertEquals(new Histogram(BOUNDS).quantile(0.5), undefined);
  const value = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constant(0.0010000000000000002));
  fc.assert(fc.property(fc.array(value, { minLength: 1 }), fc.constantFrom(0.5, 0.9, 0.99, 1), (values, share) => {
    const histogram = new Histogram(BOUNDS);
    for (const each of values) histogram.observe(each);
    const exact = values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1];
    const range = BOUNDS.findIndex((bound) => exact <= bound);
    const found = histogram.quantile(share)!;
    assert(found <= BOUNDS[range] && found >= (BOUNDS[range - 1] ?? 0), `${found}, and ${exact} is right`);
  }));
});
