/** What is said of a failure that recurs. */
import { RecurringFailure } from "../../src/base/log.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("a failure that recurs is said once, until it was away for a minute, is another one, or was said to be over", () => {
  let nowMs = 0;
  const said: unknown[] = [];
  const log = { error: (_: string, { error }: { error?: unknown } = {}) => void said.push(`${nowMs} ${error}`) };
  const failure = new RecurringFailure({ log, clock: { monotonicMs: () => nowMs } }, "cannot do it");
  for (nowMs of [0, 30_000, 90_000, 150_001]) failure.note(new Error("full"));
  failure.note(new Error("broken"));
  assertEquals(failure.end(), true);
  failure.note(new Error("broken"));
  assertEquals(said, ["0 full", "150001 full", "150001 broken", "150001 broken"]);
});
