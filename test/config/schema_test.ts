/** The JSON Schema, judged by a validator that knows nothing of this program. */
import { Ajv2020 } from "ajv/2020";
import { parse } from "smol-toml";
import { configJsonSchema, type JsonSchema } from "../../src/config/schema.ts";
import { framingKeys } from "../../src/config/keys/framing.ts";
import { allKeys, allTables } from "../../src/config/keys/lookup.ts";
import { FRAMING_KINDS } from "../../src/framing/framing.ts";
import { CONFIG_TEMPLATE } from "../../src/cli/commands/init/config_template.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { problemsOf, read, routeWith } from "./parse.ts";

const schema = configJsonSchema();
const validate = new Ajv2020({ allErrors: true, strict: true, strictTypes: false, strictRequired: false }).compile(
  schema,
);

/** Where the schema finds fault, as JSON pointers; empty if it does not. */
function faults(toml: string): string[] {
  if (validate(parse(toml))) return [];
  return [...new Set((validate.errors ?? []).map(({ instancePath }) => instancePath))];
}

/** The example with every key that it has as a comment. */
const EVERYTHING = CONFIG_TEMPLATE.replaceAll(/^#(?=[a-z_]+ = )/gm, "");

Deno.test("the smallest file and the one with every key are valid, dotted keys and tables alike", () => {
  assertEquals(faults(CONFIG_TEMPLATE), []);
  assert(EVERYTHING.includes("\nretain_bytes = "), "the commented keys are in it");
  assertEquals(faults(EVERYTHING), []);
  assertEquals(faults(routeWith()), []);
  assertEquals(faults(`${routeWith()}[log]\nlevel = "debug"\n`), []);
});

Deno.test("every framing is valid as the program takes it", () => {
  for (
    const framing of [
      '"raw"',
      '"line"',
      '"octet-count"',
      '{ type = "raw" }',
      '{ type = "line", delimiter = "\\r\\n", max_frame = "64KiB" }',
      '{ type = "length-prefix", width = 8, endian = "little", offset = 4, includes_header = true }',
      '{ type = "octet-count", max_frame = "1.5MiB" }',
      '{ type = "delimited", start = "\\u000b", end = "\\u001c\\r" }',
      '{ type = "delimited", start = "<", end = ">", between = " \\r" }',
      '{ type = "delimited", start = "<", end = ">", between = "" }',
      '{ type = "fixed", size = 188 }',
    ]
  ) {
    const toml = routeWith(`framing = ${framing}`);
    assertEquals([problemsOf(toml), faults(toml)], [[], []], framing);
  }
});

Deno.test("what the program takes as an address, a size or a duration the schema takes too", () => {
  const accepted = {
    "source.listen": [
      ":9000",
      "0.0.0.0:0",
      "[::]:9000",
      "[fe80::1%eth0]:9000",
      "host-a.example:65535",
      "unix:/run/a b.sock",
      "unix:/run/a\nb",
    ],
    "target.rewind": ["0B", "1.5MiB", "1000KB"],
    "target.retry_max": ["2s", "1.5h", "250ms", "1d"],
  };
  for (const [key, values] of Object.entries(accepted)) {
    for (const value of values) {
      const toml = routeWith(`${key} = ${JSON.stringify(value)}`);
      assertEquals([problemsOf(toml), faults(toml)], [[], []], `${key} = ${value}`);
    }
  }
});

Deno.test("what is typically wrong the schema finds, at its place", () => {
  const cases: [string, string][] = [
    [routeWith("source.lisen = ':9000'"), "/route/0/source"],
    [routeWith("source.listen = 'unix:/run/'"), "/route/0/source/listen"],
    [routeWith("framing = 'lines'"), "/route/0/framing"],
    [routeWith("framing = { type = 'fixed' }"), "/route/0/framing"],
    [routeWith("framing = { type = 'raw', size = 3 }"), "/route/0/framing"],
    [routeWith("framing = { type = 'line', delimiter = '' }"), "/route/0/framing/delimiter"],
    [routeWith("framing = 'length-prefix'"), "/route/0/framing"],
    [routeWith("target.confirm = 'replied'"), "/route/0/target/confirm"],
    [routeWith("target.window = 0"), "/route/0/target/window"],
    [routeWith("target.window = 1.5"), "/route/0/target/window"],
    [routeWith("target.half_close = 'yes'"), "/route/0/target/half_close"],
    [routeWith("memory.max_bytes = 16777216"), "/route/0/memory/max_bytes"],
    [routeWith("memory.max_bytes = '16 MiB'"), "/route/0/memory/max_bytes"],
    [routeWith("target.retry_min = '3 seconds'"), "/route/0/target/retry_min"],
    [routeWith("source.listen = '9000'"), "/route/0/source/listen"],
    [routeWith("source.listen = 'unix:a.sock'"), "/route/0/source/listen"],
    [routeWith("source.listen = ':9000'", "source.connect = 'a:1'"), "/route/0/source"],
    [routeWith("name = 'Feed One'"), "/route/0/name"],
    ["[[route]]\nname = 'feed'\nsource.listen = ':1'\n", "/route/0"],
    ["[[route]]\nsource.listen = ':1'\ntarget.connect = 'a:1'\n", "/route/0"],
    ["[log]\nlevel = 'info'\n", ""],
    [`${routeWith()}[log]\nlevel = 'loud'\n`, "/log/level"],
    [`${routeWith()}[admin]\nlisten = "9464"\n`, "/admin/listen"],
    [routeWith("source.tls = true"), "/route/0/source"],
  ];
  for (const [toml, place] of cases) {
    assert(problemsOf(toml).length > 0, `the program takes it: ${toml}`);
    assert(faults(toml).includes(place), `${toml}found at ${JSON.stringify(faults(toml))}, expected ${place}`);
  }
});

Deno.test("every key is described, and no other; the defaults are those that a file without them gets", () => {
  const seen = new Set<string>();
  const walk = (part: JsonSchema, path: string) => {
    for (const each of [...part.anyOf ?? [], ...part.oneOf ?? []]) walk(each, path);
    if (part.items !== undefined) walk(part.items, path);
    for (const [key, value] of Object.entries(part.properties ?? {})) {
      const inside = path === "" ? key : `${path}.${key}`;
      assert(value.description !== undefined, `${inside} is not described`);
      seen.add(inside);
      walk(value, inside);
    }
  };
  walk(schema, "");
  const known = [...allTables(), ...allKeys()].map(({ path }) => path.join(".")).filter((path) => path !== "");
  const parameters = FRAMING_KINDS.flatMap((kind) => Object.keys(framingKeys(kind)));
  const framings = ["route.framing", "route.target.reply_framing"];
  const inFramings = framings.flatMap((framing) => [...new Set(parameters)].map((name) => `${framing}.${name}`));
  assertEquals([...seen].sort(), [...known, ...inFramings].sort());

  const route = schema.properties!.route.items!.properties!;
  const lines = Object.entries(route).flatMap(([table, { default: own, properties = {} }]) => [
    ...own === undefined ? [] : [`${table} = ${JSON.stringify(own)}`],
    ...Object.entries(properties).filter(([, { default: value }]) => value !== undefined)
      .map(([key, { default: value }]) => `${table}.${key} = ${JSON.stringify(value)}`),
  ]);
  assert(lines.length > 20, "there are defaults");
  assertEquals(read(routeWith(...lines)), read(routeWith()));
});

Deno.test("the keys of the file that the program knows are those of the schema, later ones apart", () => {
  const withTls = problemsOf(routeWith("source.nothing = 1"))[0];
  const known = /allowed here: ([a-z_, ]+) \[/.exec(withTls)![1].split(", ").filter((key) => key !== "tls");
  assertEquals(Object.keys(schema.properties!.route.items!.properties!.source.properties!).sort(), known.sort());
});
