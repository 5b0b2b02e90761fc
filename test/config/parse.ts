/** Configurations of the tests: a small one that is valid, and what is wrong with others. */
import type { Config } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { ConfigError } from "../../src/config/problem.ts";

/** One route with what it needs; `lines` are keys of the route, one each. */
export function routeWith(...lines: string[]): string {
  const needed = {
    'name = "feed"': /^name\b/,
    'source.listen = "127.0.0.1:9000"': /^source\.(listen|connect)\b/,
    'target.connect = "server-b:9001"': /^target\.(listen|connect)\b/,
  };
  const missing = Object.entries(needed).filter(([, key]) => !lines.some((line) => key.test(line)));
  return ["[[route]]", ...missing.map(([line]) => line), ...lines, ""].join("\n");
}

export function read(toml: string): Config {
  return parseConfig(toml, "spillway.toml", "/etc/spillway");
}

/** The problems of a configuration as `message` or `message [hint]`, each without the file's name; empty if it is valid. */
export function problemsOf(toml: string): string[] {
  try {
    read(toml);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    return thrown.problems.map(({ message, hint }) => message + (hint === undefined ? "" : ` [${hint}]`));
  }
}
