/** Reads a command's flags strictly: what is unknown, repeated or lacks its value is an error, never a guess. */
import { type SpillwayError, usageError } from "../base/error.ts";
import { nearest } from "../config/nearest.ts";
import type { Flag, Invocation } from "./command.ts";
import { parseArgs } from "./parse_args.ts";

/** Every command has it. */
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
  checkSwitches(args, without);
  const parsed = parseArgs(joinValues(args, known.filter((flag) => flag.value !== undefined)), {
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
  if (operands.includes("")) throw usageError("an operand is empty", "is a variable of the shell not set?");
  if (operands.length > operandsMax) {
    const most = operandsMax === 0 ? "no operands" : `at most ${operandsMax}`;
    const surplus = operands[operandsMax];
    // Most programs take their configuration without a flag.
    const isFile = operandsMax === 0 && withValue.includes("config");
    const hint = isFile ? `a configuration is named with -c: spillway ${name} -c ${surplus}` : seeHelp(name);
    throw usageError(`'${surplus}' is one operand too many: ${name} takes ${most}`, hint);
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

/**
 * `--to -` as `--to=-`, for the parser takes a lone dash for a value behind
 * short flags only, and `--from -1` as `--from=-1`, so that it is the number
 * that is found wrong and not a flag -1 that nobody meant. `-c ''` likewise:
 * to the parser that is an operand.
 */
function joinValues(args: readonly string[], withValue: readonly Flag[]): string[] {
  const joined: string[] = [];
  for (const [i, arg] of args.entries()) {
    const before = args[i - 1];
    const flag = withValue.find(({ name, short }) =>
      before === `--${name}` || (short !== undefined && before === `-${short}`)
    );
    if (flag !== undefined && /^(-\d.*|-|)$/s.test(arg)) joined[joined.length - 1] = `--${flag.name}=${arg}`;
    else joined.push(arg);
  }
  return joined;
}

/** The parser would take `--pending=no` for `--pending`. */
function checkSwitches(args: readonly string[], without: readonly string[]): void {
  const end = args.indexOf("--");
  for (const arg of end === -1 ? args : args.slice(0, end)) {
    const flag = without.find((each) => arg.startsWith(`--${each}=`));
    if (flag !== undefined) {
      throw usageError(`--${flag} takes no value, found '${arg}'`, `write --${flag}, or leave it out`);
    }
  }
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
