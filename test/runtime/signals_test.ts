/** Which signals are ignored: on a libc made up, and on each runtime by sending every one there is. */
import { constants } from "node:os";
import { outliveSignals, type Sigaction, SIGACTION_BYTES } from "../../src/runtime/signals.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { onEachRuntime } from "./subject_process.ts";

const NUMBERS: Readonly<Record<string, number>> = constants.signals;
const HANDLER = Uint8Array.of(0, 16, 64, 0, 0, 0, 0, 0);
const IGNORED = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);

/** A libc whose signals are at their default, `handled` apart; it refuses 32 and 33 as glibc does. */
function libcWith(handled: readonly string[]) {
  const handlers = new Map<number, Uint8Array>(handled.map((name) => [NUMBERS[name], HANDLER]));
  const sigaction: Sigaction = (signal, action, old) => {
    for (const given of [action, old]) assert(given === null || given.length === SIGACTION_BYTES);
    if (signal === 32 || signal === 33) return -1;
    old?.set(handlers.get(signal) ?? new Uint8Array(8));
    if (action !== null) handlers.set(signal, action.slice(0, 8));
    return 0;
  };
  const ignored = () => [...handlers].filter(([, handler]) => handler[0] === 1).map(([signal]) => signal);
  return { sigaction, handlers, ignored };
}

Deno.test("what would end the process is ignored, what stops it, tells of a fault, or libc keeps is left alone", () => {
  const { sigaction, handlers, ignored } = libcWith([]);
  outliveSignals(sigaction);
  for (const name of ["SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGQUIT", "SIGXCPU", "SIGXFSZ", "SIGIO", "SIGPWR"]) {
    assertEquals(handlers.get(NUMBERS[name]), IGNORED, name);
  }
  for (const number of [34, 50, 64]) assertEquals(handlers.get(number), IGNORED, `signal ${number}`);
  const left = ["SIGHUP", "SIGINT", "SIGTERM", "SIGABRT", "SIGSEGV", "SIGBUS", "SIGTSTP", "SIGCHLD", "SIGCONT"];
  for (const number of [...left.map((name) => NUMBERS[name]), 32, 33]) assert(!ignored().includes(number), `${number}`);
});

Deno.test("a handler is never replaced, unless it is named", () => {
  const { sigaction, handlers } = libcWith(["SIGPWR", "SIGUSR1", "SIGUSR2"]);
  outliveSignals(sigaction, ["SIGUSR1"]);
  assertEquals(handlers.get(NUMBERS.SIGPWR), HANDLER);
  assertEquals(handlers.get(NUMBERS.SIGUSR2), HANDLER);
  assertEquals(handlers.get(NUMBERS.SIGUSR1), IGNORED);
});

/** Deno takes SIGUSR1 for its debugger half a second after its start; the subject says when that has passed. */
onEachRuntime("a process outlives every signal that is meant for others, and works on", async (on, start) => {
  const subject = start(on, "outlive");
  assertEquals(await subject.line(), "ready");
  const send = async (signal: string) => {
    const sent = await new Deno.Command("kill", { args: [`-${signal}`, `${subject.process.pid}`] }).output();
    assert(sent.success, `signal ${signal}: the process is gone`);
  };
  const named = "QUIT USR1 USR2 PIPE ALRM VTALRM PROF IO PWR STKFLT XCPU XFSZ".split(" ");
  const realtime = Array.from({ length: 31 }, (_, i) => `${34 + i}`);
  for (const signal of [...named, ...realtime]) await send(signal);
  const complaints = subject.complaints();
  await subject.input("");
  assertEquals(await subject.line(), "a thread has worked");
  assertEquals((await subject.process.status).code, 0);
  assertEquals(await complaints, "", "on standard error; a debugger says there where it listens");
});
