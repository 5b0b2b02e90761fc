/** Errors as the command line prints them: `error: …`, then `hint: …`. */
import { EXIT, isOutputUnwanted, messageOf, SpillwayError, STANDARD_OUTPUT, SystemError } from "../../base/error.ts";
import { ConfigError } from "../../config/problem.ts";

/** An error as text that ends with a newline, and the exit code it stands for. */
export interface PrintedError {
  readonly text: string;
  readonly exit: number;
}

const FULL = "make room, or name a place on another file system; spillway compact --max-bytes frees what is delivered";

/** Hints for failed calls on files, by errno alone. */
const FILE_HINTS: Readonly<Record<string, string>> = {
  EACCES: "run it as the user that this belongs to; a journal belongs to the user that the daemon runs as",
  EDQUOT: FULL,
  EIO: "the disk may be failing: look at dmesg and smartctl -a",
  EISDIR: "this is a directory: name a file",
  EMFILE: "raise the limit of open files, ulimit -n",
  ENFILE: "the system has too many open files: fs.file-max",
  ENOSPC: FULL,
  ENOTDIR: "a part of the path that should be a directory is a file",
  EROFS: "the file system is mounted read-only",
};

/** Hints for standard output, where compaction does not make room. */
const OUTPUT_HINTS: Readonly<Record<string, string>> = {
  ...FILE_HINTS,
  EDQUOT: "make room where standard output goes, or send it elsewhere",
  ENOSPC: "make room where standard output goes, or send it elsewhere",
};

function hintOf({ code, syscall, subject }: SystemError): string | undefined {
  if (subject === STANDARD_OUTPUT) return OUTPUT_HINTS[code];
  return syscall === "connect" || syscall === "listen" ? undefined : FILE_HINTS[code];
}

/**
 * The text for anything that was thrown. Operating errors are printed without a
 * stack trace; everything else is reported as a defect of this program.
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
    if (isOutputUnwanted(thrown)) return { text: "", exit: EXIT.failed };
    return { text: lines(thrown.message, hintOf(thrown)), exit: EXIT.failed };
  }
  const stack = thrown instanceof Error && thrown.stack !== undefined ? `${thrown.stack}\n` : "";
  const hint = "this is a defect of spillway; please report it with the lines above";
  return { text: stack + lines(`internal: ${messageOf(thrown)}`, hint), exit: EXIT.failed };
}
