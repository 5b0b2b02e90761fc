/** What is said of a failure that recurs. */
import { type Log, RecurringFailure } from "../../src/base/log.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("a failure that recurs is said once, until it was away for a minute, is another one, or was said to be over", () => {
  let nowMs = 0;
  const said: unknown[] = [];
  const log: Log = { say: (event, fields) => void said.push(`${nowMs} ${event} ${fields?.error}`) };
  const failure = new RecurringFailure({ log, clock: { monotonicMs: () => nowMs } }, "sync_failed");
  for (nowMs of [0, 30_000, 90_000, 150_001]) failure.note(new Error("full"));
  failure.note(new Error("broken"));
  assertEquals(failure.end(), true);
  failure.note(new Error("broken"));
  assertEquals(said, [
    "0 sync_failed full",
    "150001 sync_failed full",
    "150001 sync_failed broken",
    "150001 sync_failed broken",
  ]);
});
