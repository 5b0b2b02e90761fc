/**
 * From the text of a configuration, or from flags, to routes that can be
 * started. All that is wrong is reported in one {@link ConfigError}.
 */
import { parse, TomlError } from "smol-toml";
import type { RouteOptions } from "../relay/options.ts";
import type { Config } from "./config.ts";
import { findConflicts } from "./conflicts.ts";
import { type Environment, expandEnvironment } from "./environment.ts";
import { hintFor } from "./default_hint.ts";
import { ADMIN, LOG } from "./keys/config.ts";
import { lineOf, locateKeys } from "./locate.ts";
import { optionsOf } from "./options.ts";
import {
  ConfigError,
  describeValue,
  formatPath,
  type KeyPath,
  type LocatedProblem,
  type Problem,
  valueAt,
} from "./problem.ts";
import { resolveRoute } from "./route.ts";
import { refuseUnsupportedKeys } from "./unsupported_keys.ts";
import { validate } from "./validate.ts";

/**
 * Reads TOML. `name` is what messages call the file, `directory` what relative
 * paths in it are relative to, `env` has the environment variables.
 */
export function parseConfig(toml: string, name: string, directory: string, env?: Environment): Config {
  const { config, problems } = checkConfig(toml, name, directory, env);
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** Like {@link parseConfig}, for callers that go on with what is right. Throws a ConfigError if it is no TOML. */
export function checkConfig(
  toml: string,
  name: string,
  directory: string,
  env: Environment = () => undefined,
): CheckedConfig {
  const { document, problems } = expandEnvironment(parseToml(toml, name), env);
  const lines = locateKeys(toml);
  const locate = (path: KeyPath) => {
    const line = lineOf(lines, path);
    const route = routeName(document, path);
    const file = line === undefined ? name : `${name}:${line}`;
    return {
      line: line ?? 0,
      where: `${file}: ${formatPath(path)}${route === undefined ? "" : ` (route "${route}")`}`,
    };
  };
  return checkDocument(document, name, directory, locate, problems);
}

/** Says where a value stands: in words for a message, and its line (0 where there is none) to sort messages by. */
export type Locator = (path: KeyPath) => { readonly line: number; readonly where: string };

/** A configuration as far as it is right, and what is wrong with the rest. */
export interface CheckedConfig {
  readonly config: Config;
  /** In the order of the file; where there are any, `config` has only the routes without one, perhaps none. */
  readonly problems: readonly LocatedProblem[];
}

/** Checks a document that was not read from TOML, and fills in what it leaves open. Throws a ConfigError if anything is wrong. */
export function resolveConfig(document: unknown, name: string, directory: string, locate: Locator): Config {
  const { config, problems } = checkDocument(document, name, directory, locate);
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** `unset` are the problems with environment variables. */
function checkDocument(
  document: unknown,
  name: string,
  directory: string,
  locate: Locator,
  unset: readonly Problem[] = [],
): CheckedConfig {
  const { config, problems: faults, isBroken } = validate(document, unset);
  const problems: Problem[] = [...faults];
  const refuse = (path: KeyPath, allowed: string, hint?: string) => {
    problems.push({ path, text: `found ${describeValue(valueAt(document, path))}, allowed: ${allowed}`, hint });
  };
  const routes = (config.route ?? []).map((raw, index) =>
    resolveRoute(raw, {
      directory,
      refuse: (path, allowed, hint) => refuse(["route", index, ...path], allowed, hint),
      isBroken: (...path) => isBroken("route", index, ...path),
    })
  );
  if (routes.length === 0 && !isBroken("route")) {
    refuse(["route"], "one or more [[route]] tables", "spillway init config prints a complete example");
  }
  refuseUnsupportedKeys(config, (path, hint) => {
    const found = describeValue(valueAt(document, path));
    problems.push({ path, text: `found ${found}, which comes with a later version; allowed now: nothing`, hint });
  });
  findConflicts(config, directory, refuse);
  const faulty = new Set(problems.map(({ path }) => path[0] === "route" ? path[1] : undefined));
  return {
    config: {
      name,
      routes: routes.filter((route, index) => route !== undefined && !faulty.has(index)) as RouteOptions[],
      admin: optionsOf(ADMIN, config.admin, ["admin"], { refuse }),
      log: optionsOf(LOG, config.log, ["log"], { refuse }),
    },
    problems: inOrder(problems, locate),
  };
}

function parseToml(toml: string, name: string): unknown {
  try {
    return parse(toml);
  } catch (thrown) {
    if (!(thrown instanceof TomlError)) throw thrown;
    const [reason] = thrown.message.replace(/^Invalid TOML document: /, "").split("\n");
    const message = `${name}:${thrown.line}:${thrown.column}: not valid TOML: ${reason}`;
    throw new ConfigError([{ message, hint: syntaxHint(reason, toml.split("\n")[thrown.line - 1] ?? "") }]);
  }
}

function syntaxHint(reason: string, line: string): string {
  if (reason.includes("redefine")) return "each key stands once in its table; another [[route]] begins another route";
  const bare = line.match(/=\s*([^\s"'[{#]+)\s*(#.*)?$/);
  if (bare !== null) return `strings, sizes, durations and addresses stand in quotes: "${bare[1]}"`;
  return "spillway init config prints a complete example";
}

function inOrder(problems: readonly Problem[], locate: Locator): LocatedProblem[] {
  const located = problems.map((problem) => ({ ...problem, ...locate(problem.path) }));
  located.sort((a, b) => a.line - b.line);
  return located.map(({ path, where, text, hint }) => ({ message: `${where}: ${text}`, hint: hint ?? hintFor(path) }));
}

function routeName(document: unknown, path: KeyPath): string | undefined {
  if (path[0] !== "route" || typeof path[1] !== "number" || path[2] === "name") return undefined;
  const name = valueAt(document, ["route", path[1], "name"]);
  return typeof name === "string" ? name : undefined;
}
