/** The architecture's rules about one source file: what it may import and name. */
import { dirname, join } from "node:path/posix";
import { stripComments } from "./strip_comments.ts";

/** Data flows one way: a folder imports from itself and from those before it. Those of one row know nothing of each other. */
const LAYERS: readonly (readonly string[])[] = [
  ["base"],
  ["runtime"],
  ["framing"],
  ["journal"],
  ["spool"],
  ["source", "target"],
  ["relay", "replay"],
  ["config", "admin"],
  ["cli"],
  ["main.ts"],
];

/** Packages, and who may use them. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "smol-toml": ["config"],
  "zod": ["config"],
  "@std/cli/parse-args": ["cli"],
};

/** On Deno these block the event loop or queue without bound, so that what carries data stays away from them. */
const GUARDED: Readonly<Record<string, readonly string[]>> = {
  "node:fs": ["runtime", "config", "cli"],
  "node:fs/promises": ["runtime", "config", "cli"],
  "node:net": ["runtime", "cli"],
};

/** Import and export statements with a source, and dynamic imports. */
const IMPORTS = /(?<=^|;)[ \t]*(?:import|export)\b(?:[^;"'=]*?\bfrom)?\s*"([^"\n]+)"|\bimport\(\s*"([^"\n]+)"/gm;

/** What is wrong with the file at `path` (relative to src, with slashes), one line each with its place. */
export function violations(path: string, source: string): string[] {
  const found: string[] = [];
  const report = (offset: number, text: string) => {
    found.push(`src/${path}:${source.slice(0, offset).split("\n").length}: ${text}`);
  };
  const folder = folderOf(path);
  if (layerOf(folder) < 0) report(0, `the folder ${folder} has no place in the import order`);

  const code = stripComments(source, { strings: "keep" });
  for (const match of code.matchAll(IMPORTS)) {
    const problem = importProblem(path, folder, match[1] ?? match[2]);
    if (problem !== undefined) report(match.index, problem);
  }
  if (folder === "runtime") return found;
  for (const match of stripComments(source, { strings: "blank" }).matchAll(/\b(?:Deno|Bun)\b/g)) {
    report(match.index, `only src/runtime names ${match[0]}`);
  }
  return found;
}

function importProblem(path: string, folder: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) {
    const target = folderOf(join(dirname(path), specifier));
    if (target === folder || layerOf(target) >= 0 && layerOf(target) < layerOf(folder)) return undefined;
    return `${folder} imports ${specifier}: ${folder} stands ${
      layerOf(target) < 0 ? "apart from" : "before or beside"
    } ${target}`;
  }
  if (specifier.startsWith("bun:") && folder !== "runtime") return `only src/runtime imports ${specifier}`;
  const allowed = specifier.startsWith("node:") || specifier.startsWith("bun:")
    ? GUARDED[specifier]
    : PACKAGES[specifier] ?? [];
  if (allowed === undefined || allowed.includes(folder)) return undefined;
  return `${folder} imports ${specifier}, which is for ${allowed.join(", ") || "no folder of src"}`;
}

/** `journal` of `journal/format.ts`; `main.ts` of itself; `..` of what lies outside. */
function folderOf(path: string): string {
  return path.split("/")[0];
}

function layerOf(folder: string): number {
  return LAYERS.findIndex((layer) => layer.includes(folder));
}
