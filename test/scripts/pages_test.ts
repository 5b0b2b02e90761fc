/** What the repository's pages and comments refer to is there, and the README stays short. */
import { COMMANDS } from "../../src/cli/commands.ts";
import { configJsonSchema, type JsonSchema } from "../../src/config/schema.ts";
import { assert, assertEquals } from "../support/assert.ts";
import {
  deadCitations,
  deadFileNames,
  deadLinks,
  type DeadReference,
  defines,
  namedFunctions,
  type Repository,
} from "./pages.ts";

const ROOT = new URL("../../", import.meta.url);
const README_BYTES_MAX = 35_000;

/** Texts that earlier comments cited and that only their authors had, and how those number what is promised. */
const STRANGERS = /\b(?:DESIGN|LAYOUT|PEERS|RUNTIMES)\b|\bP(?:10|[1-9])\b/g;

const repository = read();
const pages = [...repository.files].filter((file) => file.endsWith(".md"));
const sources = [...repository.files].filter((file) => /^(?:src|test|scripts)\/.*\.ts$/.test(file));

function read(): Repository {
  const files = new Set<string>();
  const texts = new Map<string, string>();
  const add = (folder: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
      const isElsewhere = folder === "" && (["node_modules", "dist"].includes(name) || /^\.(?!ci$)/.test(name));
      if (isElsewhere) continue;
      if (isDirectory) add(`${folder}${name}/`);
      else files.add(`${folder}${name}`);
    }
  };
  add("");
  const text = (path: string) => {
    if (!texts.has(path)) texts.set(path, Deno.readTextFileSync(new URL(path, ROOT)));
    return texts.get(path)!;
  };
  return { files, text };
}

function listed(dead: readonly DeadReference[]): string[] {
  return dead.map(({ page, line, target }) => `${page}:${line}: ${target}`);
}

for (const page of pages) {
  Deno.test(`${page}: every relative link leads to a file, and to a heading of it`, () => {
    assertEquals(listed(deadLinks(repository, page)), []);
  });

  Deno.test(`${page}: every file and folder that it names is there`, () => {
    assertEquals(listed(deadFileNames(repository, page)), []);
  });
}

Deno.test("comments cite no document and no file that the repository does not have", () => {
  assertEquals(listed(sources.flatMap((source) => deadCitations(repository, source, STRANGERS))), []);
});

Deno.test("README.md stays below 35 KB", () => {
  const bytes = new TextEncoder().encode(repository.text("README.md")).length;
  assert(bytes < README_BYTES_MAX, `README.md has ${bytes} bytes`);
});

Deno.test("the path of a buffer in src/README.md: every function is there, at most 25 of them in 14 files", () => {
  const page = repository.text("src/README.md");
  const path = page.slice(page.indexOf("## The life of a buffer"), page.indexOf("**Spilled.**"));
  const functions = namedFunctions(path);
  const missing = functions.filter(({ name, file }) =>
    !repository.files.has(`src/${file}`) || !defines(repository.text(`src/${file}`), name)
  );
  assertEquals(missing, []);
  const files = new Set(functions.map(({ file }) => file));
  assert(functions.length >= 15 && functions.length <= 25, `${functions.length} functions`);
  assert(files.size <= 14, `${files.size} files: ${[...files].join(", ")}`);
});

Deno.test("every task that pages name is in deno.json", () => {
  const { tasks } = JSON.parse(repository.text("deno.json"));
  const named = pages.flatMap((
    page,
  ) => [...repository.text(page).matchAll(/\bdeno(?:@[\d.]+)? task ([a-z][a-z0-9:]+)/g)]);
  assertEquals(named.map(([, task]) => task).filter((task) => !(task in tasks)), []);
});

Deno.test("README.md has every configuration key, with its default where that is the same for all routes", () => {
  const readme = repository.text("README.md");
  const { route, admin, log } = configJsonSchema().properties!;
  const missing = [...keysOf(route.items!), ...keysOf(admin, "admin."), ...keysOf(log)].filter(({ path, fallback }) => {
    const withValue = `\`${path} = ${fallback === undefined ? "" : JSON.stringify(fallback)}`;
    return !readme.includes(`\`${path}\``) && !readme.includes(withValue);
  });
  assertEquals(missing, []);
});

Deno.test("README.md or src/cli/README.md has every command", () => {
  const pages = repository.text("README.md") + repository.text("src/cli/README.md");
  assertEquals(Object.keys(COMMANDS).filter((name) => !new RegExp(`\\bspillway ${name}\\b`).test(pages)), []);
});

/** The keys of a table of the schema, those of tables in it with a dot before them. */
function* keysOf(table: JsonSchema, prefix = ""): Generator<{ readonly path: string; readonly fallback: unknown }> {
  for (const [key, schema] of Object.entries(table.properties ?? {})) {
    if (schema.properties !== undefined) yield* keysOf(schema, `${prefix}${key}.`);
    else yield { path: `${prefix}${key}`, fallback: schema.default };
  }
}

/** A repository of a few files, for what must be found. */
function made(texts: Readonly<Record<string, string>>): Repository {
  return { files: new Set(Object.keys(texts)), text: (path) => texts[path] };
}

Deno.test("dead links, anchors, file names, functions and citations are found, with their line", () => {
  const { files, text } = made({
    "README.md":
      "# A title\n\n[a](docs/b.md#there) [b](docs/b.md#gone) [c](gone.md) [d](#a-title) [e](https://x.y/z)\n" +
      "`src/a.ts`, `src/gone.ts`, `spool.toml`, `src/gone/`\n\n```\n[f](gone2.md) `gone2.ts`\n```\n\n    [g](gone3.md)\n",
    "docs/b.md": "## There\n",
    "src/a.ts": "// see gone.ts and a.ts\nconst P1 = 1;\n/**\n * as P4 and DESIGN say, docs/b.md\n */\n",
  });
  const repository = { files, text };
  assertEquals(listed(deadLinks(repository, "README.md")), ["README.md:3: docs/b.md#gone", "README.md:3: gone.md"]);
  assertEquals(listed(deadFileNames(repository, "README.md")), ["README.md:4: src/gone.ts", "README.md:4: src/gone/"]);
  assertEquals(listed(deadCitations(repository, "src/a.ts", STRANGERS)), [
    "src/a.ts:1: gone.ts",
    "src/a.ts:4: P4",
    "src/a.ts:4: DESIGN",
  ]);
  assertEquals(namedFunctions("x `A.#b` in\n`a.ts`"), [{ line: 1, name: "A.#b", file: "a.ts" }]);
  const source = "export class A {\n  async #b(): void {}\n}\n\nexport function c() {}\n";
  assertEquals(["A.#b", "c", "A.c", "B.b"].filter((name) => defines(source, name)), ["A.#b", "c"]);
});
