/** The rules of the architecture are enforced: a violation is found, with its place. */
import { assertEquals } from "../support/assert.ts";
import { violations } from "../../scripts/import_rules.ts";

const BAD: readonly [string, string, string][] = [
  [
    "journal/a.ts",
    'import { x } from "../spool/spool.ts";',
    "journal imports ../spool/spool.ts: journal stands before or beside spool",
  ],
  [
    "source/a.ts",
    'import type { x } from "../target/t.ts";',
    "source imports ../target/t.ts: source stands before or beside target",
  ],
  [
    "base/a.ts",
    'export * from "../runtime/net.ts";',
    "base imports ../runtime/net.ts: base stands before or beside runtime",
  ],
  [
    "relay/a.ts",
    'const x = await import("../cli/run.ts");',
    "relay imports ../cli/run.ts: relay stands before or beside cli",
  ],
  [
    "replay/a.ts",
    'import "../relay/route.ts";',
    "replay imports ../relay/route.ts: replay stands before or beside relay",
  ],
  ["cli/a.ts", 'import "../main.ts";', "cli imports ../main.ts: cli stands before or beside main.ts"],
  ["cli/a.ts", 'import "../../test/x.ts";', "cli imports ../../test/x.ts: cli stands apart from .."],
  [
    "cli/a.ts",
    'import {\n  y,\n} from "../elsewhere/x.ts";',
    "cli imports ../elsewhere/x.ts: cli stands apart from elsewhere",
  ],
  [
    "base/a.ts",
    'import { a } from "./a.ts"; import {\n  b, // from "x"\n} from "../cli/b.ts";',
    "base imports ../cli/b.ts: base stands before or beside cli",
  ],
  ["spool/a.ts", 'import * as z from "zod";', "spool imports zod, which is for config"],
  ["cli/a.ts", 'import x from "left-pad";', "cli imports left-pad, which is for no folder of src"],
  ["journal/a.ts", 'import fs from "node:fs";', "journal imports node:fs, which is for runtime, config, cli"],
  ["cli/a.ts", 'import { dlopen } from "bun:ffi";', "only src/runtime imports bun:ffi"],
  ["journal/a.ts", "const pid = Deno.pid;", "only src/runtime names Deno"],
  ["cli/a.ts", "let socket: Bun.Socket;", "only src/runtime names Bun"],
  ["cli/a.ts", "const s = `a${Deno.pid}b`;", "only src/runtime names Deno"],
  ["cli/a.ts", 'const r = /"/; const pid = Deno.pid; // "', "only src/runtime names Deno"],
  ["utils/a.ts", "", "the folder utils has no place in the import order"],
];

for (const [path, source, problem] of BAD) {
  Deno.test(`${path} may not have: ${source.replaceAll("\n", " ")}`, () => {
    const found = violations(path, `\n${source}\n`).map((line) => line.replace(/^src\/[\w./]+:\d+: /, ""));
    assertEquals(found, [problem]);
  });
}

const GOOD: readonly [string, string][] = [
  [
    "journal/a.ts",
    'import { x } from "./b.ts"; import { y } from "../framing/f.ts"; import { z } from "../base/z.ts";',
  ],
  ["config/a.ts", 'import * as z from "zod"; import { parse } from "smol-toml"; import { resolve } from "node:path";'],
  ["runtime/deno/net.ts", 'const c = Deno.connect; import { SystemError } from "../../base/error.ts";'],
  ["cli/a.ts", '// Deno and Bun\n/* import "../main.ts" */ const s = "Deno"; const t = `Bun ${s}`;'],
  ["cli/a.ts", 'const a = f("from", "zod"); say("import " + a + " from " + "zod");'],
  ["main.ts", 'import { x } from "./cli/help.ts";'],
];

for (const [path, source] of GOOD) {
  Deno.test(`${path} may have: ${source.replaceAll("\n", " ")}`, () => assertEquals(violations(path, source), []));
}

Deno.test("a violation is placed on its line, comments before it counted", () => {
  assertEquals(violations("base/a.ts", "/*\n * x\n */\n// y\nDeno.exit();\n"), [
    "src/base/a.ts:5: only src/runtime names Deno",
  ]);
});
