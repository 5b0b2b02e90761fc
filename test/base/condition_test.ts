/** The condition variable: which waiters a notification wakes. */
import { Condition } from "../../src/base/condition.ts";
import { assertEquals } from "../support/assert.ts";

/** What has happened once every promise that is ready has been acted on. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

function logged(condition: Condition, log: string[], name: string): void {
  condition.wait().then(() => log.push(name));
}

Deno.test("A notification wakes all waiters, in order", async () => {
  const condition = new Condition();
  const log: string[] = [];
  for (const name of ["one", "two", "three"]) logged(condition, log, name);
  await settled();
  assertEquals(log, []);
  condition.notify();
  await settled();
  assertEquals(log, ["one", "two", "three"]);
});

Deno.test("A notification without a waiter is not kept", async () => {
  const condition = new Condition();
  const log: string[] = [];
  condition.notify();
  logged(condition, log, "late");
  await settled();
  assertEquals(log, []);
  condition.notify();
  await settled();
  assertEquals(log, ["late"]);
});

Deno.test("A waiter that waits again after being woken waits for the next notification", async () => {
  const condition = new Condition();
  const log: string[] = [];
  condition.wait().then(() => {
    log.push("first");
    logged(condition, log, "second");
  });
  condition.notify();
  await settled();
  assertEquals(log, ["first"]);
  condition.notify();
  await settled();
  assertEquals(log, ["first", "second"]);
});
