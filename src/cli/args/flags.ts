/** Reads a command's flags strictly: one that is unknown, repeated or lacks its value is an error. */
import { type SpillwayError, usageError } from "../../base/error.ts";
import { nearest } from "../../config/nearest.ts";
import type { Flag, Invocation } from "../command.ts";
import { parseArgs } from "./parse_args.ts";

/** Every command has it. */
export const helpFlag: Flag = { name: "help", short: "h", description: "print this" };

/** Throws a SpillwayError (exit 2) that names the flag. `name` is the command's, for messages. */
export function parseFlags(
  name: string,
  flags: readonly Flag[],
  operandsMax: number,
  args: readonly string[],
): Invocation {
  const known = [...flags, helpFlag];
  const withValue = known.filter((flag) => flag.value !== undefined).map((flag) => flag.name);
  const switches = known.filter((flag) => flag.value === undefined);
  checkSwitches(args, switches);
  const parsed = parseArgs(joinValues(args, known.filter((flag) => flag.value !== undefined)), {
    boolean: switches.map((flag) => flag.name),
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
  const given = switches.filter((flag) => isGiven(flag, parsed[flag.name]));
  return { values, operands, switches: new Set(given.map((flag) => flag.name)) };
}

/**
 * `--to -` as `--to=-`, for the parser takes a lone dash for a value behind
 * short flags only, and `--from -1` as `--from=-1`, so that the message is
 * about the number, not about an unknown flag -1. `-c ''` as `--config=`: the
 * parser would take the empty string for an operand.
 */
function joinValues(args: readonly string[], withValue: readonly Flag[]): string[] {
  const joined: string[] = [];
  for (const [i, arg] of args.entries()) {
    const flag = withValue.find((each) => isFlag(args[i - 1], each));
    if (flag !== undefined && /^(-\d.*|-|)$/s.test(arg)) joined[joined.length - 1] = `--${flag.name}=${arg}`;
    else joined.push(arg);
  }
  return joined;
}

/** The parser would take `--pending=no` for `--pending`, and in `--pending false` the second word for a value. */
function checkSwitches(args: readonly string[], switches: readonly Flag[]): void {
  const end = args.indexOf("--");
  for (const [i, arg] of (end === -1 ? args : args.slice(0, end)).entries()) {
    const flag = switches.find((each) =>
      arg.startsWith(`--${each.name}=`) || (isFlag(args[i - 1], each) && /^(true|false)$/.test(arg))
    );
    if (flag !== undefined) throw takesNoValue(flag, arg);
  }
}

/** The parser gives a text for a switch that has a value, as in `-v1`. */
function isGiven(flag: Flag, found: unknown): boolean {
  if (typeof found === "boolean") return found;
  throw takesNoValue(flag, String(found));
}

function isFlag(arg: string | undefined, { name, short }: Flag): boolean {
  return arg === `--${name}` || (short !== undefined && arg === `-${short}`);
}

function takesNoValue({ name }: Flag, found: string): SpillwayError {
  return usageError(`--${name} takes no value, found '${found}'`, `write --${name}, or leave it out`);
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
