import { SystemError } from "../../src/base/error.ts";
import { readInput } from "../../src/runtime/input.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

/** An error as a runtime throws it. */
function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

Deno.test("an empty non-blocking pipe is read again until something comes", async () => {
  const answers = [failure("EAGAIN"), failure("EAGAIN"), 7];
  const read = () => {
    const answer = answers.shift()!;
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  assertEquals(await readInput(read), 7);
});

Deno.test("standard input that cannot be read is a SystemError that names it", async () => {
  const error = await assertRejects(() => readInput(() => Promise.reject(failure("EIO"))), SystemError);
  assertEquals([error.code, error.syscall, error.subject], ["EIO", "read", "standard input"]);
});
