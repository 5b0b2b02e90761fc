/** A program that shows one part of its runtime, chosen by the first argument, so that tests can watch it from outside. */
import { currentRuntime } from "../../src/runtime/runtime.ts";

const runtime = await currentRuntime();
const [mode, ...rest] = runtime.args;

const modes: Record<string, () => Promise<void>> = {
  /** What the process knows of itself. */
  async facts() {
    const { name, version, pid, uid, executable } = runtime;
    const facts = { name, version, pid, uid, executable, user: runtime.userName(), args: rest };
    const variables = { set: runtime.env("SUBJECT"), unset: runtime.env("NO_SUCH") };
    await runtime.stdout.write(JSON.stringify({ ...facts, ...variables }) + "\n");
    runtime.exit(7);
  },

  async echo() {
    await runtime.stdout.write(await runtime.readStdin());
  },

  /** Writes to standard output until it fails. */
  async outflow() {
    try {
      for (;;) await runtime.stdout.write("x".repeat(100_000));
    } catch (e) {
      runtime.stderr.write((e as { code?: string }).code ?? String(e));
      await runtime.stderr.flush();
    }
  },

  /** Far more to standard error than it may hold, then says that it still runs. */
  async flood() {
    for (let i = 0; i < 4000; i++) runtime.stderr.write(`${i} `.padEnd(999, "x") + "\n");
    await new Promise((resolve) => setTimeout(resolve, 5));
    await runtime.stdout.write("alive\n");
    await runtime.readStdin();
    for (let i = 0; i < 10; i++) runtime.stderr.write("last words\n");
    await runtime.stderr.flush();
    await runtime.stdout.write("flushed\n");
  },

  /** Says each SIGTERM; SIGINT removes the handlers. */
  async signals() {
    const removeTerm = runtime.onSignal("SIGTERM", () => void runtime.stdout.write("term\n"));
    const removeInt = runtime.onSignal("SIGINT", () => {
      removeTerm();
      removeInt();
      void runtime.stdout.write("removed\n");
    });
    await runtime.stdout.write("ready\n");
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  },

  /** Writes parts beyond a limit that its starter has set; says the error and what the file holds then. */
  async exceed() {
    const file = await runtime.files.open(rest[0], "create");
    const parts = Array.from({ length: 40 }, (_, i) => new Uint8Array(97).fill(i));
    const failure = await file.writeAt(parts, 0).catch((e) => e.code);
    const held = new Uint8Array(await file.size());
    await file.readAt(held, 0);
    const intact = held.every((byte, i) => byte === Math.floor(i / 97));
    await runtime.stdout.write(JSON.stringify({ failure, bytes: held.length, intact }) + "\n");
  },

  /** Tries to take the lock of a file and keeps it until standard input ends. */
  async lock() {
    const file = await runtime.files.open(rest[0], "open");
    await runtime.stdout.write(await file.tryLock() ? "taken\n" : "refused\n");
    await runtime.readStdin();
    file.close();
  },
};

await modes[mode]();
runtime.exit(0);
