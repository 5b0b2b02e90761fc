/** One route from the flags of `run` instead of a file. */
import { resolve } from "node:path";
import type { Config } from "./config.ts";
import type { Key, KeyFlag } from "./keys/key.ts";
import { allKeys } from "./keys/lookup.ts";
import { resolveConfig } from "./parse.ts";
import { formatPath, type KeyPath } from "./problem.ts";

export interface RunFlag {
  readonly flag: KeyFlag;
  /** The key that it sets. */
  readonly entry: Key;
  /** Where its value stands in a document with one route. */
  readonly path: KeyPath;
}

/** The flags of `run` that set keys: those that are required first, the others in the order of a file. */
export const RUN_FLAGS: readonly RunFlag[] = allKeys().flatMap(({ path: [table, ...rest], entry }) => {
  const path = [table, ...table === "route" ? [0] : [], ...rest];
  return entry.flag === undefined ? [] : [{ flag: entry.flag, entry, path }];
}).sort((a, b) => Number(b.flag.required ?? false) - Number(a.flag.required ?? false));

/**
 * The configuration that the values of {@link RUN_FLAGS} describe; paths are
 * relative to the current directory. Throws a ConfigError that names flags
 * where a file's would name keys.
 */
export function configFromFlags(values: Readonly<Record<string, string | undefined>>): Config {
  const document = { route: [{}], log: {} };
  for (const { flag, path } of RUN_FLAGS) {
    const value = values[flag.name] ?? flag.default;
    if (value !== undefined) put(document, path, value);
  }
  const names = new Map(RUN_FLAGS.map(({ path, flag }) => [formatPath(path), `--${flag.name}`]));
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
