/** `parseArgs` of @std/cli with its types, which the npm package does not ship. */
import { parseArgs as parse } from "@std/cli/parse-args";

export interface ParseArgsOptions {
  /** Flags that are true or false. */
  readonly boolean: readonly string[];
  /** Flags with a value. */
  readonly string: readonly string[];
  /** Flags whose every value is kept, in a list. */
  readonly collect: readonly string[];
  /** Other names of a flag. */
  readonly alias: Readonly<Record<string, string>>;
  /** Called for each argument that is not declared; `key` is the flag's name, absent for an operand. False drops it. */
  readonly unknown: (argument: string, key?: string) => boolean;
}

/** The flags by name, and the operands as `_`. */
export interface ParsedArgs {
  readonly _: readonly (string | number)[];
  readonly [flag: string]: unknown;
}

export const parseArgs: (args: readonly string[], options: ParseArgsOptions) => ParsedArgs = parse;
