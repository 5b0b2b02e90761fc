/** What can be seen of a process from outside, on each runtime: its facts, pipes, signals and locks. */
import { STDERR_BYTES_MAX } from "../../src/runtime/output.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { runtimeCommands } from "../support/runtimes.ts";
import { onEachRuntime } from "./subject_process.ts";

onEachRuntime("a process knows its arguments, environment, user, version and how to start again", async (on, start) => {
  const subject = start(on, "facts", "--flag", "two words");
  const facts = JSON.parse((await subject.line())!);
  assertEquals(facts.name, on.name);
  assertMatch(facts.version, /^\d+\.\d+\.\d+/);
  assertEquals(facts.pid, subject.process.pid);
  assertEquals(facts.uid, Deno.uid());
  assertEquals(
    facts.user,
    new TextDecoder().decode((await new Deno.Command("id", { args: ["-un"] }).output()).stdout).trim(),
  );
  assertEquals(facts.args, ["--flag", "two words"]);
  assertEquals([facts.set, facts.unset], ["set by the test", undefined]);
  assertEquals((await subject.process.status).code, 7);
  const [program, ...words] = facts.executable;
  const again = await new Deno.Command(program, { args: [...words, "facts"] }).output();
  assertEquals(JSON.parse(new TextDecoder().decode(again.stdout)).executable, facts.executable);
});

onEachRuntime("standard input is read to its end and standard output is written whole", async (on, start) => {
  const subject = start(on, "echo");
  const text = "äöü €\n".repeat(200_000);
  const feeding = subject.input(text);
  for (let line = 0; line < 200_000; line++) assertEquals(await subject.line(), "äöü €");
  assertEquals(await subject.line(), undefined);
  await feeding;
});

onEachRuntime("standard input is read part by part, in order, up to its end", async (on, start) => {
  const subject = start(on, "parts");
  const feeding = subject.input("äöü €\n".repeat(200_000));
  for (let line = 0; line < 200_000; line++) assertEquals(await subject.line(), "äöü €");
  assertEquals(await subject.line(), undefined);
  await feeding;
});

onEachRuntime("a closed standard output rejects with EPIPE", async (on, start) => {
  const subject = start(on, "outflow");
  await subject.deafen();
  assertEquals(await subject.complaints(), "EPIPE");
});

onEachRuntime(
  "a standard error that is not read holds up nothing, and reports how much was lost",
  async (on, start) => {
    const subject = start(on, "flood");
    assertEquals(await subject.line(), "alive");
    const complaints = subject.complaints();
    await subject.input("");
    assertEquals(await subject.line(), "flushed");
    const lines = (await complaints).trimEnd().split("\n");
    const kept = lines.filter((line) => line.endsWith("xxx"));
    const lost = lines.map((line) => Number(line.match(/^\((\d+) messages lost here/)?.[1] ?? 0)).reduce((a, b) =>
      a + b
    );
    const last = lines.filter((line) => line === "last words").length;
    assert(kept.length * 1000 < 2 * STDERR_BYTES_MAX, `${kept.length} messages were kept`);
    assertEquals(kept.length + lost + last, 4010);
    assert(lost > 0);
    kept.forEach((line, i) => assertMatch(line, new RegExp(`^${i} `)));
  },
);

onEachRuntime("a standard error that was closed holds up nothing", async (on, start) => {
  const subject = start(on, "flood");
  await subject.process.stderr.cancel();
  assertEquals(await subject.line(), "alive");
  await subject.input("");
  assertEquals(await subject.line(), "flushed");
});

onEachRuntime("a signal calls its handler each time until it is removed, then ends the process", async (on, start) => {
  const subject = start(on, "signals");
  assertEquals(await subject.line(), "ready");
  for (let round = 0; round < 2; round++) {
    subject.process.kill("SIGTERM");
    assertEquals(await subject.line(), "term");
  }
  subject.process.kill("SIGINT");
  assertEquals(await subject.line(), "removed");
  subject.process.kill("SIGTERM");
  assertEquals((await subject.process.status).signal, "SIGTERM");
});

onEachRuntime("a write that the kernel cuts short rejects, with a prefix written", async (on, start, directory) => {
  // With SIGXFSZ ignored, a file beyond `ulimit -f` (in KiB) is a short write and then EFBIG (setrlimit(2)).
  const limited = ["bash", "-c", 'trap "" XFSZ; ulimit -f 3; exec "$@"', "bash", ...on.command];
  const subject = start({ ...on, command: limited }, "exceed", `${directory}/limited-${on.name}`);
  assertEquals(JSON.parse((await subject.line())!), { failure: "EFBIG", bytes: 3072, intact: true });
});

onEachRuntime(
  "a lock excludes processes on either runtime until its holder is killed",
  async (on, start, directory) => {
    const path = `${directory}/lock`;
    for (const other of await runtimeCommands()) {
      const holder = start(on, "lock", path);
      assertEquals(await holder.line(), "taken");
      const contender = start(other, "lock", path);
      assertEquals(await contender.line(), "refused");
      await holder.kill();
      const next = start(other, "lock", path);
      assertEquals(await next.line(), "taken");
      await next.kill();
      await contender.kill();
    }
  },
);

onEachRuntime(
  "a thread reads files with calls that block, says how far it is, and fails by itself",
  async (on, start, directory) => {
    const path = `${directory}/read-aside`;
    await Deno.writeTextFile(path, "0123456789");
    const subject = start(on, "thread", path);
    const whole = { progress: [4], end: { text: "0123456789", closed: "EBADF" } };
    const ended = { progress: [], end: "Error: the thread was told to end" };
    const [first, gone, ...others] = JSON.parse((await subject.line())!);
    assertEquals(first, whole);
    assertMatch(gone.end, /ENOENT/);
    assertEquals(others, [whole, ended, ended]);
  },
);
