/** Whoever may not write a journal is told who may, and with what command. */
import { SpillwayError } from "../../../src/base/error.ts";
import { checkOwner } from "../../../src/cli/journals/owner.ts";
import type { Runtime } from "../../../src/runtime/runtime.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";

const NAMES = new Map([[0, "root"], [998, "spillway"]]);

/** What root is told about a journal of `owner`'s. */
async function hintFor(owner: number): Promise<string | undefined> {
  const runtime = {
    uid: 0,
    userName: (uid = 0) => NAMES.get(uid) ?? `uid ${uid}`,
    files: { stat: () => Promise.resolve({ uid: owner }) },
  } as unknown as Runtime;
  const check = () =>
    checkOwner("/j", "repairing", runtime, (name) => `for example: sudo -u ${name} spillway repair /j`);
  return (await assertRejects(check, SpillwayError)).hint;
}

Deno.test("the hint is a command that can be run, whether the owner has a name or not", async () => {
  assertEquals(await hintFor(998), "run it as spillway, for example: sudo -u spillway spillway repair /j");
  assertEquals(await hintFor(61184), "run it as uid 61184, for example with setpriv --reuid=61184");
});
