/** Finds and reads the configuration: a named file, `SPILLWAY_CONFIG`, `spillway.toml`, or standard input. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { EXIT, SpillwayError } from "../base/error.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { systemError } from "../runtime/system_error.ts";
import type { Config } from "./config.ts";
import { checkConfig, type CheckedConfig } from "./parse.ts";
import { ConfigError } from "./problem.ts";

const DEFAULT_FILE = "spillway.toml";

/** What to do where there is such a file and it cannot be read, by the errno's name. */
const HINTS: Readonly<Record<string, string>> = {
  EACCES: "it has to be readable for the user that spillway runs as",
  EISDIR: "name the file in it",
};

/**
 * Reads the configuration that `-c` names (`-` is standard input); without it
 * the one that `SPILLWAY_CONFIG` names, else `spillway.toml` of the current
 * directory. Rejects with a SpillwayError (exit 2) if it cannot be read, a
 * ConfigError if it is wrong.
 */
export async function loadConfig(option: string | undefined, runtime: Runtime): Promise<Config> {
  const { config, problems } = await loadAndCheck(option, runtime);
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** Like {@link loadConfig}, for callers that go on with the routes that are right. */
export async function loadAndCheck(option: string | undefined, runtime: Runtime): Promise<CheckedConfig> {
  if (option === "-") return checkConfig(decode(await runtime.readStdin(), "stdin"), "stdin", resolve(), runtime.env);
  const fromEnvironment = runtime.env("SPILLWAY_CONFIG") || undefined;
  const path = option ?? fromEnvironment ?? DEFAULT_FILE;
  const text = await readText(path, hintFor(option, fromEnvironment));
  return checkConfig(text, path, dirname(resolve(path)), runtime.env);
}

function hintFor(option: string | undefined, fromEnvironment: string | undefined): string {
  if (option !== undefined) return "spillway init config prints a complete example";
  if (fromEnvironment !== undefined) return "SPILLWAY_CONFIG names this file";
  return `name a file with -c FILE or SPILLWAY_CONFIG; spillway init config > ${DEFAULT_FILE} makes one`;
}

async function readText(path: string, hint: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (thrown) {
    const failure = systemError(thrown, "open", path);
    throw new SpillwayError(`cannot read the configuration: ${failure.message}`, {
      ...usage(HINTS[failure.code] ?? hint),
      cause: failure,
    });
  }
  return decode(bytes, path);
}

function decode(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new SpillwayError(`${name} is not UTF-8 text`, usage("is it a configuration? If so, save it as UTF-8"));
  }
}

function usage(hint: string) {
  return { hint, exit: EXIT.usage };
}
