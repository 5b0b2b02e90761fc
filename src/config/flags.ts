/** One route from the flags of `run` instead of a file. */
import { resolve } from "node:path";
import type { Config } from "./config.ts";
import { describe, wordsOf } from "./keys/key.ts";
import { allKeys } from "./keys/lookup.ts";
import { resolveConfig } from "./parse.ts";
import { formatPath, type KeyPath } from "./problem.ts";

/** A flag of `run` that sets a key. */
export interface RunFlag {
  readonly name: string;
  /** What stands for the value in the help. */
  readonly value: string;
  /** All that the value may be, where that can be listed. */
  readonly values: readonly string[] | undefined;
  readonly description: string;
  /** True if a route without a file needs it. */
  readonly isRequired: boolean;
  /** Its value where it is not given; undefined: the key's default. */
  readonly default: string | undefined;
  /** Where its value stands in a document with one route. */
  readonly path: KeyPath;
}

/** Those that are required first, the others in the order of a file. */
export const RUN_FLAGS: readonly RunFlag[] = allKeys().flatMap(({ path: [table, ...rest], entry }) => {
  const { flag } = entry;
  return flag === undefined ? [] : [{
    name: flag.name,
    value: flag.value,
    values: wordsOf(entry),
    description: describe(flag.description, entry),
    isRequired: flag.required === true,
    default: flag.default,
    path: [table, ...table === "route" ? [0] : [], ...rest],
  }];
}).sort((a, b) => Number(b.isRequired) - Number(a.isRequired));

/**
 * The configuration that the values of {@link RUN_FLAGS} describe; paths are
 * relative to the current directory. Throws a ConfigError that names flags
 * where a file's would name keys.
 */
export function configFromFlags(values: Readonly<Record<string, string | undefined>>): Config {
  const document = { route: [{}], log: {} };
  for (const { name, path, default: usual } of RUN_FLAGS) {
    const value = values[name] ?? usual;
    if (value !== undefined) put(document, path, value);
  }
  const names = new Map(RUN_FLAGS.map(({ path, name }) => [formatPath(path), `--${name}`]));
  return resolveConfig(document, "flags", resolve(), (path) => {
    const key = formatPath(path);
    return { line: 0, where: names.get(key) ?? key };
  });
}

/** Sets the value at `path`, with the tables around it. */
function put(document: object, path: KeyPath, value: string): void {
  // deno-lint-ignore no-explicit-any -- an arbitrary document
  const table = path.slice(0, -1).reduce((inside: any, part) => inside[part] ??= {}, document);
  table[path.at(-1)!] = value;
}
