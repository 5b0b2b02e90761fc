/** Doing the same for many things, a few at a time. */
import { mapConcurrently } from "../../src/base/concurrently.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

Deno.test("results have the items' order, and no more than allowed are under way", async () => {
  let under = 0;
  let most = 0;
  const items = Array.from({ length: 50 }, (_, i) => i);
  const results = await mapConcurrently(items, 7, async (item) => {
    most = Math.max(most, ++under);
    for (let turn = 0; turn < (item * 31) % 11; turn++) await Promise.resolve();
    under--;
    return item * 2;
  });
  assertEquals(results, items.map((item) => item * 2));
  assertEquals(most, 7);
  assertEquals(await mapConcurrently([], 7, () => Promise.resolve(1)), []);
});

Deno.test("after a failure nothing more is begun", async () => {
  const begun: number[] = [];
  await assertRejects(
    () =>
      mapConcurrently([0, 1, 2, 3, 4, 5], 2, async (item) => {
        begun.push(item);
        await Promise.resolve();
        if (item === 1) throw new TypeError("one is wrong");
      }),
    TypeError,
    "one is wrong",
  );
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(begun.length < 5, true);
});
