/** What is left of several parts after a short write, on Bun. */
import { dropFront } from "../../src/runtime/bun/file.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("after a short write exactly the bytes it did not take are left, wherever it stopped", () => {
  const parts = [[1, 2, 3], [4], [5, 6]].map((bytes) => new Uint8Array(bytes));
  for (let count = 0; count <= 6; count++) {
    const left = dropFront(parts, count).flatMap((part) => [...part]);
    assertEquals(left, [1, 2, 3, 4, 5, 6].slice(count));
  }
});
