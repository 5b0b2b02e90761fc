/** The rules of the architecture are enforced: a violation is found, with its place. */
import { dirname, join } from "node:path/posix";
import { assert, assertEquals } from "../support/assert.ts";
import { type Import, readImportGraph } from "../../scripts/import_graph.ts";
import { violations } from "../../scripts/import_rules.ts";
import plugin from "../../scripts/lint/runtime_names.ts";

const BAD: readonly [string, string, string][] = [
  ["journal/a.ts", "../spool/spool.ts", "journal stands before or beside spool"],
  ["source/a.ts", "../target/t.ts", "source stands before or beside target"],
  ["base/a.ts", "../runtime/net.ts", "base stands before or beside runtime"],
  ["replay/a.ts", "../relay/route.ts", "replay stands before or beside relay"],
  ["cli/a.ts", "../main.ts", "cli stands before or beside main.ts"],
  ["cli/a.ts", "../../test/x.ts", "cli stands apart from .."],
  ["cli/a.ts", "../elsewhere/x.ts", "cli stands apart from elsewhere"],
  ["journal/files/format/a.ts", "../segment/b.ts", "format stands before or beside segment"],
  ["journal/files/log/a.ts", "../archive/b.ts", "log stands before or beside archive"],
  ["journal/journal.ts", "./files/log/b.ts", "journal.ts stands before or beside files"],
  ["cli/args/a.ts", "../output/b.ts", "args stands before or beside output"],
  ["cli/commands/a.ts", "../commands.ts", "commands stands before or beside commands.ts"],
];

const PAST_THE_DOORS: readonly [string, string, string][] = [
  ["relay/route.ts", "../journal/files/log/open.ts", "outside of src/journal only journal.ts, archive.ts, open.ts"],
  ["cli/commands/verify.ts", "../../journal/files/verify/verify_segment.ts", "outside of src/journal only journal.ts"],
  ["spool/spool.ts", "../journal/jetstream/a.ts", "outside of src/journal only journal.ts"],
  ["cli/commands/cat.ts", "../../journal/directory_only.ts", "which is for cli/commands/check/journal.ts, "],
  ["relay/route.ts", "../journal/directory_only.ts", "which is for cli/commands/check/journal.ts, "],
];

for (const [path, specifier, problem] of PAST_THE_DOORS) {
  Deno.test(`src/${path} may not import ${specifier}: it knows a journal by its contracts`, () => {
    const [found, ...others] = violations(new Map([[path, [local(path, specifier, 7)]]]));
    assertEquals(others, []);
    assert(found.startsWith(`src/${path}:7: ${path} imports ${specifier}`) && found.includes(problem), found);
  });
}

for (const [path, specifier, problem] of BAD) {
  Deno.test(`src/${path} may not import ${specifier}`, () => {
    const [, folder] = problem.match(/^(\S+) stands/)!;
    assertEquals(violations(new Map([[path, [local(path, specifier, 7)]]])), [
      `src/${path}:7: ${folder} imports ${specifier}: ${problem}`,
    ]);
  });
}

const BAD_PACKAGES: readonly [string, string, string][] = [
  ["spool/a.ts", "zod", "spool imports zod, which is for config"],
  ["cli/a.ts", "left-pad", "cli imports left-pad, which is for no folder of src"],
  ["journal/files/log/a.ts", "node:fs", "journal imports node:fs, which is for runtime, config, cli"],
  ["admin/a.ts", "uplot", "admin imports uplot, which is for admin/dashboard/client"],
  ["admin/dashboard/client/a.ts", "node:path", "admin imports node:path, which is for no folder of src"],
  ["cli/a.ts", "bun:ffi", "only src/runtime imports bun:ffi"],
];

for (const [path, specifier, problem] of BAD_PACKAGES) {
  Deno.test(`src/${path} may not import ${specifier}`, () => {
    assertEquals(violations(new Map([[path, [outside(specifier)]]])), [`src/${path}:1: ${problem}`]);
  });
}

Deno.test("a folder that is not in the order may import nothing of the others", () => {
  assertEquals(violations(new Map([["utils/a.ts", [local("utils/a.ts", "../base/b.ts")]]])), [
    "src/utils/a.ts:1: utils has no place in the import order of src/",
  ]);
});

Deno.test("files that import each other in a circle are named, those that only lead there are not", () => {
  const graph = new Map([
    ["base/a.ts", [local("base/a.ts", "./b.ts")]],
    ["base/b.ts", [local("base/b.ts", "./c.ts"), local("base/b.ts", "./d.ts")]],
    ["base/c.ts", [local("base/c.ts", "./b.ts")]],
    ["base/d.ts", []],
  ]);
  assertEquals(violations(graph), ["src/base/b.ts:1: imports itself through base/b.ts, base/c.ts"]);
});

const GOOD: readonly [string, readonly string[]][] = [
  ["journal/files/log/a.ts", ["./b.ts", "../segment/c.ts", "../../journal.ts", "../../../framing/f.ts"]],
  ["cli/commands/replay/a.ts", ["../b.ts", "../../args/flags.ts", "../../../replay/replay.ts"]],
  ["main.ts", ["./cli/commands.ts", "./base/error.ts"]],
  ["relay/route.ts", ["../journal/journal.ts", "../journal/open.ts"]],
  ["cli/commands/ls.ts", ["../../journal/archive.ts", "../../journal/open.ts"]],
  ["cli/commands/verify.ts", ["../../journal/directory_only.ts"]],
  ["journal/open.ts", ["./journal.ts", "./files/log/a.ts"]],
];

for (const [path, specifiers] of GOOD) {
  Deno.test(`src/${path} may import ${specifiers.join(", ")}`, () => {
    assertEquals(violations(new Map([[path, specifiers.map((each) => local(path, each))]])), []);
  });
}

Deno.test("what browsers run imports only what they can run, and nothing else imports it", () => {
  const file = "admin/dashboard/client/a.ts";
  const good = ["./b.ts", "../../state_words.ts", "../../status.ts"].map((each) => local(file, each));
  assertEquals(violations(new Map([[file, [...good, outside("uplot")]]])), []);
  assertEquals(violations(new Map([[file, [local(file, "../../../base/clock.ts")]]])).length, 1);
  assertEquals(violations(new Map([["cli/a.ts", [local("cli/a.ts", "../admin/dashboard/client/b.ts")]]])).length, 1);
});

Deno.test("packages are for who may use them", () => {
  const imports = ["zod", "smol-toml", "node:path", "node:fs"].map(outside);
  assertEquals(violations(new Map([["config/a.ts", imports]])), []);
});

Deno.test("the graph has imports of values, of types, exports and dynamic ones, each with its line", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const src = new URL(`file://${directory}/src/`);
    await Deno.mkdir(new URL("base/", src), { recursive: true });
    await Deno.writeTextFile(
      new URL("main.ts", src),
      `/* import "./base/none.ts" */ import {\n  a,\n} from "./base/a.ts";
import type { B } from "./base/b.ts";
import { resolve } from "node:path";
export * from "./base/c.ts";
export const d = (b: B) => [a, b, resolve, import("./base/d.ts"), "import './base/none.ts'"];
`,
    );
    for (const name of ["a", "b", "c", "d"]) {
      await Deno.writeTextFile(new URL(`base/${name}.ts`, src), `export const ${name} = 1;\nexport type B = number;\n`);
    }
    const graph = await readImportGraph(src, "main.ts");
    assertEquals([...graph.keys()].sort(), ["base/a.ts", "base/b.ts", "base/c.ts", "base/d.ts", "main.ts"]);
    const imports = graph.get("main.ts")!.map(({ file, specifier, line }) => [file ?? specifier, line]);
    assertEquals(imports, [["base/a.ts", 3], ["base/b.ts", 4], ["node:path", 5], ["base/c.ts", 6], ["base/d.ts", 7]]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

const NAMES: readonly [string, string, readonly string[]][] = [
  ["src/journal/a.ts", "const pid = Deno.pid;", ["Only src/runtime names Deno."]],
  ["src/cli/a.ts", "let socket: Bun.Socket;", ["Only src/runtime names Bun."]],
  ["src/cli/a.ts", "const s = `a${Deno.pid}b`;", ["Only src/runtime names Deno."]],
  ["src/runtime/deno/net.ts", "const c = Deno.connect;", []],
  ["src/cli/a.ts", '// Deno and Bun\nconst s = "Deno"; const t = `Bun ${s}`;', []],
  ["test/a.ts", "const pid = Deno.pid;", []],
];

for (const [file, source, messages] of NAMES) {
  Deno.test(`${file}, a runtime's name: ${source.replaceAll("\n", " ")}`, () => {
    const found = Deno.lint.runPlugin(plugin, `/clone/${file}`, source);
    assertEquals(found.map(({ message }) => message), messages);
  });
}

function local(path: string, specifier: string, line = 1): Import {
  return { specifier, file: join(dirname(path), specifier), line };
}

function outside(specifier: string): Import {
  return { specifier, file: undefined, line: 1 };
}
