/** Environment variables in the strings of a configuration. */
import { expandEnvironment } from "../../src/config/environment.ts";
import type { Config } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { ConfigError } from "../../src/config/problem.ts";
import { renderConfig } from "../../src/config/render.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";
import { routeWith } from "./parse.ts";

const VARIABLES: Readonly<Record<string, string>> = {
  PORT: "9000",
  HOST: "server-b",
  EMPTY: "",
  ODD: '"\n[[route]]$$',
};
const env = (name: string) => VARIABLES[name];

function read(toml: string): Config {
  return parseConfig(toml, "spillway.toml", "/etc/spillway", env);
}

Deno.test("a variable stands in any string, with a default where it may be missing, and $$ is a dollar sign", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["127.0.0.1:${PORT}", "127.0.0.1:9000"],
    ["${HOST}:${PORT}", "server-b:9000"],
    ["${NONE:-7}${EMPTY:-8}${PORT:-9}", "789000"],
    ["${EMPTY}|${NONE:-}", "|"],
    ["$$ $${PORT} $$$$ $", "$ ${PORT} $$ $"],
    ["^ok$|$HOST", "^ok$|$HOST"],
    ["${ODD}", '"\n[[route]]$$'],
    ["${NONE:-a:b-$}", "a:b-$"],
  ];
  for (const [text, expected] of cases) {
    assertEquals(expandEnvironment({ a: [{ b: text }] }, env).document, { a: [{ b: expected }] });
  }
});

Deno.test("what a variable holds is text and nothing else", () => {
  const { routes } = read(
    routeWith('source.reply = "${ODD}"', 'journal.mode = "always"', 'source.listen = ":${PORT}"'),
  );
  assertEquals(routes.length, 1);
  assertEquals(new TextDecoder().decode(routes[0].source.reply), VARIABLES.ODD);
  assertEquals(routes[0].source.endpoint.address, { kind: "tcp", host: "", port: 9000 });
});

Deno.test("one that is not set, or is none, is an error in its place, once, and the rest is judged", () => {
  const toml = routeWith(
    'source.listen = "127.0.0.1:${NONE}"',
    'target.reply_framing = { type = "line", delimiter = "${0}" }',
    'target.confirm = "${NONE}x"',
    'journal.sync = "sometimes"',
  );
  const error = assertThrows(() => read(toml), ConfigError);
  assertEquals(error.problems.map(({ message, hint }) => `${message} [${hint}]`), [
    'spillway.toml:4: route[0].source.listen (route "feed"): found "127.0.0.1:${NONE}": the environment variable NONE ' +
    "is not set [set it, or write ${NONE:-default}]",
    'spillway.toml:5: route[0].target.reply_framing.delimiter (route "feed"): found "${0}", allowed: the name of an ' +
    "environment variable between ${ and } [write ${NAME}, or ${NAME:-default}; $$ stands for a dollar sign]",
    'spillway.toml:6: route[0].target.confirm (route "feed"): found "${NONE}x": the environment variable NONE is not ' +
    "set [set it, or write ${NONE:-default}]",
    'spillway.toml:7: route[0].journal.sync (route "feed"): found "sometimes", allowed: "os", "interval", "each" ' +
    '[leave it out for the default, "os"]',
  ]);
});

Deno.test("what check prints means the same when it is read again", () => {
  const config = read(
    routeWith('source.reply = "$$$${PORT} $$$$ $ ok$"', 'journal.mode = "always"', 'journal.dir = "/j/$$${HOST}"'),
  );
  assertEquals(config.routes[0].journal.directory, "/j/$server-b");
  assertEquals(read(renderConfig(config)).routes, config.routes);
});
