/** The terminal that the process was started from: what it can show, and questions on it. */
import { read } from "node:fs";
import { isatty } from "node:tty";
import type { Runtime } from "../../runtime/runtime.ts";

/** Colour on standard error: on a terminal, unless NO_COLOR is set to anything (no-color.org). */
export function wantsColour(runtime: Runtime): boolean {
  return isatty(2) && !runtime.env("NO_COLOR");
}

/** Are standard input and standard error a terminal, so that a question can be asked? */
export function canAsk(): boolean {
  return isatty(0) && isatty(2);
}

/** Asks on the terminal; true for `y` or `yes`. */
export async function askYes(runtime: Runtime, question: string): Promise<boolean> {
  runtime.stderr.write(`${question} [y/N] `);
  await runtime.stderr.flush();
  const line = new Uint8Array(256);
  const length = await new Promise<number>((resolve, reject) => {
    // A terminal delivers input line by line.
    read(0, line, 0, line.length, null, (error, count) => error === null ? resolve(count) : reject(error));
  });
  // Ctrl-D instead of an answer leaves the cursor behind the question.
  if (length === 0) runtime.stderr.write("\n");
  return /^y(es)?$/i.test(new TextDecoder().decode(line.subarray(0, length)).trim());
}

/** Is the locale one of UTF-8? */
export function isUtf8(runtime: Runtime): boolean {
  const locale = runtime.env("LC_ALL") || runtime.env("LC_CTYPE") || runtime.env("LANG") || "";
  return /utf-?8/i.test(locale);
}
