/** A program that shows one part of its runtime, chosen by the first argument, so that tests can watch it from outside. */
import { blockingFiles } from "../../src/runtime/blocking_files.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { isThread, serveThread } from "../../src/runtime/thread.ts";

/** By then Deno has taken SIGUSR1 for its debugger, if it does. */
const DEBUGGER_MS = 700;

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

  async parts() {
    const part = new Uint8Array(10_000);
    for (let count; (count = await runtime.readStdinPart(part)) > 0;) {
      await runtime.stdout.write(part.subarray(0, count));
    }
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

  /** Outlives signals; says when it is ready for them, and at the end of standard input has memory collected and a thread work. */
  async outlive() {
    runtime.outliveSignals();
    await new Promise((resolve) => setTimeout(resolve, DEBUGGER_MS));
    await runtime.stdout.write("ready\n");
    await runtime.readStdin();
    const kept: Uint8Array[] = [];
    for (let i = 0; i < 200; i++) kept[i % 8] = new Uint8Array(1 << 20);
    const thread = runtime.startThread<string, number, unknown>();
    await thread.run("/proc/self/status", () => {}).catch(() => {});
    thread.end();
    await runtime.stdout.write("a thread has worked\n");
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

  /** Has a thread read files at once, the second of which is not there, and one more after its end. */
  async thread() {
    const thread = runtime.startThread<string, number, unknown>();
    const read = async (path: string) => {
      const progress: number[] = [];
      const end = thread.run(path, (bytes) => void progress.push(bytes));
      return { progress, end: await end.catch(String) };
    };
    const ends = await Promise.all([read(rest[0]), read(`${rest[0]}.gone`), read(rest[0])]);
    const abandoned = read(rest[0]);
    thread.end();
    ends.push(await abandoned, await read(rest[0]));
    await runtime.stdout.write(JSON.stringify(ends) + "\n");
  },

  /** Tries to take the lock of a file and keeps it until standard input ends. */
  async lock() {
    const file = await runtime.files.open(rest[0], "open");
    await runtime.stdout.write(await file.tryLock() ? "taken\n" : "refused\n");
    await runtime.readStdin();
    file.close();
  },
};

/** What a thread of this program does with a file: reads it in two calls, the first of which is its progress. */
async function readAside(path: string, onProgress: (bytes: number) => void): Promise<Record<string, unknown>> {
  const file = await blockingFiles.open(path, "read");
  const bytes = new Uint8Array(await file.size() + 10);
  const first = await file.readAt(bytes.subarray(0, 4), 0);
  onProgress(first);
  const second = await file.readAt(bytes.subarray(4), 4);
  const code = (action: Promise<unknown>) => action.then(() => undefined, (error) => error.code);
  file.close();
  file.close();
  const closed = await code(file.readAt(bytes, 0));
  return { text: new TextDecoder().decode(bytes.subarray(0, first + second)), closed };
}

if (isThread) {
  serveThread(readAside);
} else {
  await modes[mode]();
  runtime.exit(0);
}
