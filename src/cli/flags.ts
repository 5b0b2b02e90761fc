/** Reads a command's flags strictly: what is unknown, repeated or lacks its value is an error, never a guess. */
import { EXIT, SpillwayError } from "../base/error.ts";
import { nearest } from "../config/nearest.ts";
import type { Flag, Invocation } from "./command.ts";
import { parseArgs } from "./parse_args.ts";

export const helpFlag: Flag = { name: "help", short: "h", says: "print this" };

/** Throws a SpillwayError (exit 2) that names the flag. `name` is the command's, for messages. */
export function parseFlags(
  name: string,
  flags: readonly Flag[],
  operandsMax: number,
  args: readonly string[],
): Invocation {
  const known = [...flags, helpFlag];
  const withValue = known.filter((flag) => flag.value !== undefined).map((flag) => flag.name);
  const without = known.filter((flag) => flag.value === undefined).map((flag) => flag.name);
  const parsed = parseArgs(withDashes(args, withValue), {
    boolean: without,
    string: [...withValue, "_"],
    collect: withValue,
    alias: Object.fromEntries(known.flatMap((flag) => flag.short === undefined ? [] : [[flag.short, flag.name]])),
    unknown(argument, key) {
      if (key !== undefined) throw unknownFlag(name, argument, known);
      return true;
    },
  });
  const operands = parsed._.map(String);
  if (operands.length > operandsMax) {
    const most = operandsMax === 0 ? "no operands" : `at most ${operandsMax}`;
    throw usageError(`'${operands[operandsMax]}' is one operand too many: ${name} takes ${most}`, seeHelp(name));
  }
  const values: Record<string, string> = {};
  for (const flag of withValue) {
    const given = parsed[flag] as readonly string[] | undefined ?? [];
    if (given.length > 1) throw usageError(`--${flag} is given ${given.length} times`, `give it once`);
    if (given[0] === "") throw usageError(`--${flag} needs a value`, seeHelp(name));
    if (given.length === 1) values[flag] = given[0];
  }
  return { values, operands, switches: new Set(without.filter((flag) => parsed[flag] === true)) };
}

/** `--to -` as `--to=-`: the parser takes a lone dash for a value behind short flags only. */
function withDashes(args: readonly string[], withValue: readonly string[]): string[] {
  const joined: string[] = [];
  for (const [i, arg] of args.entries()) {
    const takesDash = (word: string | undefined) => withValue.some((flag) => word === `--${flag}`);
    if (arg === "-" && takesDash(args[i - 1])) joined[joined.length - 1] += "=-";
    else joined.push(arg);
  }
  return joined;
}

function unknownFlag(name: string, argument: string, known: readonly Flag[]): SpillwayError {
  const written = argument.replace(/=.*$/s, "");
  const meant = nearest(written.replace(/^-+/, ""), known.map((flag) => flag.name));
  const hint = meant === undefined ? seeHelp(name) : `did you mean --${meant}?`;
  return usageError(`'${written}' is not a flag of ${name}`, hint);
}

function seeHelp(name: string): string {
  return `spillway help ${name} lists what it takes`;
}

function usageError(message: string, hint: string): SpillwayError {
  return new SpillwayError(message, { hint, exit: EXIT.usage });
}
