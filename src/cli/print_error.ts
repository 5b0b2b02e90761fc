/** Errors as the command line prints them: `error: …`, then `hint: …`. */
import { EXIT, messageOf, SpillwayError, SystemError } from "../base/error.ts";
import { ConfigError } from "../config/problem.ts";

/** An error as text that ends with a newline, and the exit code it stands for. */
export interface PrintedError {
  readonly text: string;
  readonly exit: number;
}

/** What to do where the code alone tells. */
function hintOf({ code, syscall }: SystemError): string | undefined {
  const isFile = syscall !== "connect" && syscall !== "listen";
  if (code !== "EACCES" || !isFile) return undefined;
  return "run it as the user that this belongs to; a journal belongs to the user that the daemon runs as";
}

/**
 * Anything that was thrown. Errors of the world are printed without a stack
 * trace; everything else is a defect of this program, and says so.
 */
export function printError(thrown: unknown, colour: boolean): PrintedError {
  const line = (label: string, code: number, text: string) =>
    `${colour ? `\x1b[1;${code}m${label}:\x1b[0m` : `${label}:`} ${text}\n`;
  const lines = (message: string, hint: string | undefined) =>
    line("error", 31, message) + (hint === undefined ? "" : line("hint", 36, hint));

  if (thrown instanceof ConfigError) {
    return { text: thrown.problems.map((problem) => lines(problem.message, problem.hint)).join(""), exit: thrown.exit };
  }
  if (thrown instanceof SpillwayError) return { text: lines(thrown.message, thrown.hint), exit: thrown.exit };
  if (thrown instanceof SystemError) {
    // Whoever read our output has had enough, as `spillway help | head -1`.
    if (thrown.code === "EPIPE" && thrown.subject === "standard output") return { text: "", exit: EXIT.failed };
    return { text: lines(thrown.message, hintOf(thrown)), exit: EXIT.failed };
  }
  const stack = thrown instanceof Error && thrown.stack !== undefined ? `${thrown.stack}\n` : "";
  const hint = "this is a defect of spillway; please report it with the lines above";
  return { text: stack + lines(`internal: ${messageOf(thrown)}`, hint), exit: EXIT.failed };
}
