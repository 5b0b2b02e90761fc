/**
 * Writes routes as a configuration in which nothing that has an effect is left
 * to a default. What `check` prints is thereby exact, and a valid file itself.
 */
import type { RouteOptions } from "../relay/options.ts";
import type { Config } from "./config.ts";
import { ADMIN, LOG, ROUTE } from "./keys/config.ts";
import type { Entries } from "./keys/key.ts";

type Options = Readonly<Record<string, unknown>>;

/** The whole configuration as TOML, equal signs aligned per table. */
export function renderConfig({ routes, admin, log }: Config): string {
  const tables = routes.map((route) => table("[[route]]", linesOf(ROUTE, { ...route }, route)));
  const lines = linesOf(ADMIN, { ...admin });
  if (lines.length > 0) tables.push(table("[admin]", lines));
  return [...tables, table("[log]", linesOf(LOG, { ...log }))].join("\n");
}

/** The keys below `prefix` with their values. `options` has those of the table's keys that are options themselves. */
function linesOf(keys: Entries, options: Options, route?: RouteOptions, prefix = ""): [string, string][] {
  return Object.entries(keys).flatMap(([name, entry]): [string, string][] => {
    if ("keys" in entry) return linesOf(entry.keys, options[name] as Options ?? {}, route, `${prefix}${name}.`);
    const value = entry.option === undefined ? route && entry.shown?.(route) : options[entry.option];
    return value === undefined ? [] : [[prefix + name, entry.type.write(value)]];
  });
}

function table(header: string, lines: readonly [string, string][]): string {
  const width = Math.max(...lines.map(([key]) => key.length));
  return `${header}\n${lines.map(([key, value]) => `${key.padEnd(width)} = ${value}\n`).join("")}`;
}
