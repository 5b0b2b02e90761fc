/** Which known word a mistyped one is closest to, and which are too far away. */
import { assertEquals } from "../support/assert.ts";
import { nearest } from "../../src/config/nearest.ts";

const CASES: readonly [string, string | undefined][] = [
  ["lisen", "listen"],
  ["lsiten", "listen"],
  ["LISTEN", "listen"],
  ["connet", "connect"],
  ["conect", "connect"],
  ["x", undefined],
  ["something", undefined],
];

for (const [word, meant] of CASES) {
  Deno.test(`of listen and connect, "${word}" means ${meant ?? "neither"}`, () => {
    assertEquals(nearest(word, ["listen", "connect"]), meant);
  });
}
