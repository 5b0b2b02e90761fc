/** One route from the flags of `run` instead of a file. */
import { resolve } from "node:path";
import type { Config } from "./config.ts";
import { resolveConfig } from "./parse.ts";
import { formatPath } from "./problem.ts";

/** The flags, by the key path of what each one sets. */
export const ROUTE_FLAGS = {
  "listen": ["source", "listen"],
  "to": ["target", "connect"],
  "name": ["name"],
  "framing": ["framing"],
  "confirm": ["target", "confirm"],
  "rewind": ["target", "rewind"],
  "memory": ["memory", "max_bytes"],
  "journal": ["journal", "dir"],
  "mode": ["journal", "mode"],
  "sync": ["journal", "sync"],
} as const;

/** Those of `[log]`, by its key. */
export const LOG_FLAGS = { "log-level": "level", "log-format": "format" } as const;

export type RunFlag = keyof typeof ROUTE_FLAGS | keyof typeof LOG_FLAGS;

/**
 * The configuration that `flags` describe; paths are relative to the current
 * directory, the route is called `main` unless they say otherwise. Throws a
 * ConfigError that names flags where a file's would name keys.
 */
export function configFromFlags(flags: Readonly<Partial<Record<RunFlag, string>>>): Config {
  const route: Record<string, unknown> = { name: "main", source: {}, target: {}, memory: {}, journal: {} };
  const log: Record<string, unknown> = {};
  for (const [flag, path] of Object.entries(ROUTE_FLAGS)) {
    const value = flags[flag as RunFlag];
    if (value === undefined) continue;
    const [table, key] = path;
    if (key === undefined) route[table] = value;
    else (route[table] as Record<string, unknown>)[key] = value;
  }
  for (const [flag, key] of Object.entries(LOG_FLAGS)) if (flag in flags) log[key] = flags[flag as RunFlag];

  const names = flagNames();
  return resolveConfig({ route: [route], log }, "flags", resolve(), (path) => {
    const key = formatPath(path);
    return { line: 0, where: names.get(key) ?? key };
  });
}

function flagNames(): Map<string, string> {
  const names = new Map<string, string>();
  for (const [flag, path] of Object.entries(ROUTE_FLAGS)) names.set(formatPath(["route", 0, ...path]), `--${flag}`);
  for (const [flag, key] of Object.entries(LOG_FLAGS)) names.set(formatPath(["log", key]), `--${flag}`);
  return names;
}
