/**
 * A command of spillway, as an operator's shell runs it: it ends in time, with
 * an exit code that the README gives it, and what it says on standard error has
 * the form that the README shows. Nothing else is let through.
 */
import { assert } from "../../../support/assert.ts";
import { chosenRuntime, relayCommand } from "../../rig/relay_command.ts";

export interface Ran {
  readonly args: readonly string[];
  readonly code: number;
  readonly stdout: Uint8Array;
  readonly errors: readonly string[];
  readonly ms: number;
}

export interface RunOptions {
  readonly cwd?: string;
  /** These exit codes are right. */
  readonly codes?: readonly number[];
  /** When to send a signal, in ms. */
  readonly signal?: { readonly name: Deno.Signal; readonly afterMs: number };
  readonly limitMs?: number;
}

const LIMIT_MS = 30_000;
const SAID = [
  /^(error|hint|warning|note): \S/,
  /^(sent|interrupted|gave up): \d+ frames?, /,
  /^stopped before frame \d+: /,
  /^nothing to send: /,
  /^missing: frames? \d+/,
  /^\d+% +\d.* left$/,
  /^\{"time":/,
];

export async function run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { codes = [0], signal, limitMs = LIMIT_MS, cwd } = options;
  const [program, ...words] = [...relayCommand(chosenRuntime()), ...args];
  const begin = performance.now();
  const child = new Deno.Command(program, { args: words, cwd, stdin: "null", stdout: "piped", stderr: "piped" })
    .spawn();
  let late = false;
  const kill = (name: Deno.Signal) => {
    try {
      child.kill(name);
    } catch { /* it has ended */ }
  };
  const timers = [setTimeout(() => (late = true, kill("SIGKILL")), limitMs)];
  if (signal !== undefined) timers.push(setTimeout(() => kill(signal.name), signal.afterMs));
  const { code, stdout, stderr } = await child.output();
  timers.forEach(clearTimeout);
  const text = new TextDecoder().decode(stderr);
  const errors = text === "" ? [] : text.replace(/\n$/, "").split("\n");
  const ran = { args, code, stdout, errors, ms: Math.round(performance.now() - begin) };
  const told = `spillway ${args.join(" ")}\nexit ${code} after ${ran.ms} ms\n${errors.slice(-30).join("\n")}`;
  assert(!late, `not over after ${limitMs} ms: ${told}`);
  const allowed = signal === undefined ? codes : [...codes, signal.name === "SIGKILL" ? 137 : 130];
  assert(allowed.includes(code), `exit code ${code}, expected ${allowed.join(" or ")}: ${told}`);
  const strange = errors.filter((line) => !SAID.some((form) => form.test(line)) || line.includes("internal:"));
  if (code !== 137) assert(strange.length === 0, `not a line of the documented form: ${strange[0]}\n${told}`);
  const error = errors.findIndex((line) => line.startsWith("error: "));
  if (error >= 0) assert(code !== 0, `an error, and exit code 0: ${told}`);
  return ran;
}

export function textOf({ stdout }: Ran): string {
  return new TextDecoder().decode(stdout);
}

/** One object a line. */
export function objectsOf<T>(ran: Ran): T[] {
  return textOf(ran).split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}
