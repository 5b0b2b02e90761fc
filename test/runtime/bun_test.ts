/** The contract on Bun: the cases in one bundle, run by Bun, their outcomes as steps. */
import { findBun } from "../../scripts/bun_binary.ts";
import { assertEquals } from "../support/assert.ts";
import { withBundle } from "../support/runtimes.ts";
import { cases } from "./cases.ts";
import type { Outcome } from "./main.ts";

Deno.test({
  name: "the runtime contract holds on Bun",
  // esbuild's process ends a moment after it was told to.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn(t) {
    const { code, stdout, stderr } = await withBundle(
      new URL("main.ts", import.meta.url),
      async (script) => await new Deno.Command(await findBun(), { args: [script], stdin: "null" }).output(),
    );
    const lines = new TextDecoder().decode(stdout).trim().split("\n");
    const outcomes = lines.map((line): Outcome => JSON.parse(line));
    for (const { name, skipped, failure } of outcomes) {
      await t.step({
        name: skipped === undefined ? `on Bun: ${name}` : `on Bun: ${name} (skipped: ${skipped})`,
        ignore: skipped !== undefined,
        fn() {
          if (failure !== undefined) throw new Error(failure);
        },
      });
    }
    assertEquals(outcomes.length, cases.length);
    assertEquals(new TextDecoder().decode(stderr), "");
    assertEquals(code, 0);
  },
});
