/** Standard output, whose writer waits, and standard error, which drops and counts. */
import { SystemError } from "../../src/base/error.ts";
import { OrderedStdout, QueuedStderr, STDERR_BYTES_MAX } from "../../src/runtime/output.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

/** A descriptor that takes some bytes at a time, when it is let. */
class SlowPipe {
  text = "";
  atOnce = 7;
  #failures: Error[] = [];
  #gate: Promise<void> = Promise.resolve();
  open: () => void = () => {};

  readonly write = async (bytes: Uint8Array): Promise<number> => {
    await this.#gate;
    const failure = this.#failures.shift();
    if (failure !== undefined) throw failure;
    const count = Math.min(bytes.length, this.atOnce);
    this.text += new TextDecoder().decode(bytes.subarray(0, count));
    return count;
  };

  freeze(): void {
    this.#gate = new Promise((resolve) => this.open = resolve);
  }

  failNext(code: string): void {
    this.#failures.push(Object.assign(new Error(code), { code }));
  }
}

Deno.test("texts to standard output come out whole and in the order of the calls", async () => {
  const pipe = new SlowPipe();
  const stdout = new OrderedStdout(pipe.write);
  await Promise.all([stdout.write("a longer first text, "), stdout.write("then a second")]);
  assertEquals(pipe.text, "a longer first text, then a second");
});

Deno.test("a failed write to standard output rejects its own call only", async () => {
  const pipe = new SlowPipe();
  const stdout = new OrderedStdout(pipe.write);
  pipe.failNext("EPIPE");
  const error = await assertRejects(() => stdout.write("lost"), SystemError);
  assertEquals(error.code, "EPIPE");
  await stdout.write("kept");
  assertEquals(pipe.text, "kept");
});

Deno.test("a pipe that says EAGAIN is tried again", async () => {
  const pipe = new SlowPipe();
  pipe.failNext("EAGAIN");
  pipe.failNext("EAGAIN");
  await new OrderedStdout(pipe.write).write("at last");
  assertEquals(pipe.text, "at last");
});

Deno.test("standard error keeps a bounded queue and prints the number of texts lost in their place", async () => {
  const pipe = new SlowPipe();
  const stderr = new QueuedStderr(pipe.write);
  pipe.atOnce = 1 << 16;
  pipe.freeze();
  const fitting = "x".repeat(STDERR_BYTES_MAX);
  stderr.write(fitting);
  for (const text of ["these", "three", "are lost"]) stderr.write(text);
  pipe.open();
  await stderr.flush();
  assertEquals(pipe.text.replace(fitting, ""), "(3 messages lost here: standard error was not read)\n");
  stderr.write("after\n");
  await stderr.flush();
  assertEquals(pipe.text.endsWith("read)\nafter\n"), true);
});

Deno.test("the number of lost texts is printed between what was kept before and after", async () => {
  const pipe = new SlowPipe();
  pipe.atOnce = STDERR_BYTES_MAX;
  const stderr = new QueuedStderr(pipe.write);
  pipe.freeze();
  const half = "x".repeat(STDERR_BYTES_MAX / 2);
  for (const text of [half, half, "lost"]) stderr.write(text);
  pipe.open();
  pipe.freeze();
  while (pipe.text !== half) await new Promise((resolve) => setTimeout(resolve));
  stderr.write("kept");
  pipe.open();
  await stderr.flush();
  assertEquals(
    pipe.text.slice(2 * half.length),
    "(1 messages lost here: standard error was not read)\nkept",
  );
});

Deno.test("a closed standard error discards everything without an error", async () => {
  const pipe = new SlowPipe();
  const stderr = new QueuedStderr(pipe.write);
  pipe.failNext("EPIPE");
  stderr.write("lost\n");
  await stderr.flush();
  stderr.write("lost too\n");
  await stderr.flush();
  assertEquals(pipe.text, "");
});
