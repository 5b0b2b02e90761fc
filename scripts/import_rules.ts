/** The rules for imports in src: the order of folders and sub-folders, no circles, and which files may use which package. */
import type { Import, ImportGraph } from "./import_graph.ts";

/**
 * Data flows one way. A file imports from its own folder and from the folders of
 * the rows before it; folders of one row do not import each other.
 */
const ORDERS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "": [
    ["base"],
    ["runtime"],
    ["framing"],
    ["journal"],
    ["spool"],
    ["source", "target"],
    ["relay", "replay"],
    ["config", "admin", "doctor"],
    ["cli"],
    ["main.ts"],
  ],
  "journal": [["journal.ts", "archive.ts"], ["files"], ["open.ts", "directory_only.ts"]],
  "journal/files": [
    ["format"],
    ["segment"],
    ["directory"],
    ["catalog"],
    ["log", "archive"],
    ["verify", "compaction", "offline"],
  ],
  "cli": [["command.ts"], ["args", "output"], ["journals"], ["commands"], ["commands.ts"]],
};

/**
 * Folders that only certain files of them may be imported from: each such file
 * with the files outside of the folder that may import it, "" for all of them.
 * Outside of src/journal a journal is known by its two contracts and by what opens
 * one, so that another implementation is a matter of src/journal alone.
 */
const DOORS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  "journal": {
    "journal.ts": [""],
    "archive.ts": [""],
    "open.ts": [""],
    "directory_only.ts": [
      "cli/commands/check/journal.ts",
      "cli/commands/compact.ts",
      "cli/commands/compact/jobs.ts",
      "cli/commands/compact/report.ts",
      "cli/commands/repair.ts",
      "cli/commands/skip.ts",
      "cli/commands/verify.ts",
      "main.ts",
    ],
  },
};

/** Packages, and the files that may import them. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "smol-toml": ["config"],
  "zod": ["config"],
  "@std/cli/parse-args": ["cli"],
  "uplot": ["admin/dashboard/client"],
};

/** Browsers run what is in this folder: it imports of the program only what needs no runtime. */
const BROWSER = "admin/dashboard/client/";
const FOR_BROWSERS: readonly string[] = ["admin/figure_words.ts", "admin/state_words.ts", "admin/status.ts"];

/** On Deno these block the event loop or queue without bound, so the code that carries data does not use them. */
const GUARDED: Readonly<Record<string, readonly string[]>> = {
  "node:fs": ["runtime", "config", "cli"],
  "node:fs/promises": ["runtime", "config", "doctor", "cli"],
  "node:net": ["runtime", "cli"],
};

/** The violations in the imports of src, one line each with its place. */
export function violations(graph: ImportGraph): string[] {
  const found: string[] = [];
  for (const [path, imports] of graph) {
    for (const each of imports) {
      const problem = each.file === undefined
        ? packageProblem(path, each.specifier)
        : fileProblem(path, { ...each, file: each.file });
      if (problem !== undefined) found.push(`src/${path}:${each.line}: ${problem}`);
    }
  }
  for (const circle of circles(graph)) found.push(`src/${circle[0]}:1: imports itself through ${circle.join(", ")}`);
  return found;
}

function fileProblem(path: string, found: Import & { readonly file: string }): string | undefined {
  return browserProblem(path, found) ?? orderProblem(path, found) ?? doorProblem(path, found);
}

function browserProblem(path: string, { specifier, file }: Import & { readonly file: string }): string | undefined {
  const isInBrowser = file.startsWith(BROWSER);
  if (!path.startsWith(BROWSER)) return isInBrowser ? `${path} imports ${specifier}, which is for browsers` : undefined;
  if (isInBrowser || FOR_BROWSERS.includes(file)) return undefined;
  return `${path} imports ${specifier}, which browsers cannot run: only ${FOR_BROWSERS.join(", ")} are for them`;
}

/** The order in the first folder where the two paths part decides which of them may import the other. */
function orderProblem(path: string, { specifier, file }: Import & { readonly file: string }): string | undefined {
  const from = path.split("/");
  const to = file.split("/");
  const depth = from.findIndex((part, i) => part !== to[i]);
  const folder = from.slice(0, depth).join("/");
  const order = ORDERS[folder];
  if (order === undefined) return undefined;
  const [here, there] = [rowOf(order, from[depth]), rowOf(order, to[depth])];
  if (here < 0) return `${from[depth]} has no place in the import order of src/${folder}`;
  if (there >= 0 && there < here) return undefined;
  const relation = there < 0 ? "apart from" : "before or beside";
  return `${from[depth]} imports ${specifier}: ${from[depth]} stands ${relation} ${to[depth]}`;
}

function doorProblem(path: string, { specifier, file }: Import & { readonly file: string }): string | undefined {
  const [folder, ...rest] = file.split("/");
  const doors = DOORS[folder];
  if (doors === undefined || path.startsWith(`${folder}/`)) return undefined;
  const importers = doors[rest.join("/")];
  if (importers === undefined) {
    return `${path} imports ${specifier}: outside of src/${folder} only ${
      Object.keys(doors).join(", ")
    } are for import`;
  }
  if (importers.some((each) => path.startsWith(each))) return undefined;
  return `${path} imports ${specifier}, which is for ${importers.join(", ")}`;
}

function rowOf(order: readonly (readonly string[])[], name: string): number {
  return order.findIndex((row) => row.includes(name));
}

function packageProblem(path: string, specifier: string): string | undefined {
  const [folder] = path.split("/");
  if (specifier.startsWith("bun:")) {
    return folder === "runtime" ? undefined : `only src/runtime imports ${specifier}`;
  }
  const allowed = specifier.startsWith("node:") ? GUARDED[specifier] : PACKAGES[specifier] ?? [];
  if (allowed === undefined && !path.startsWith(BROWSER)) return undefined;
  if (allowed?.some((each) => path.startsWith(`${each}/`))) return undefined;
  return `${folder} imports ${specifier}, which is for ${allowed?.join(", ") || "no folder of src"}`;
}

/** Each group of files that import each other in a circle, once; types count like values. Tarjan's algorithm. */
function circles(graph: ImportGraph): string[][] {
  const found: string[][] = [];
  const index = new Map<string, number>();
  const lowest = new Map<string, number>();
  const path: string[] = [];
  const visit = (file: string) => {
    index.set(file, index.size);
    lowest.set(file, index.get(file)!);
    path.push(file);
    for (const { file: next } of graph.get(file) ?? []) {
      if (next === undefined || !graph.has(next)) continue;
      if (!index.has(next)) visit(next);
      if (path.includes(next)) lowest.set(file, Math.min(lowest.get(file)!, lowest.get(next)!));
    }
    if (lowest.get(file) !== index.get(file)) return;
    const circle = path.splice(path.indexOf(file));
    if (circle.length > 1) found.push(circle.sort());
  };
  for (const file of graph.keys()) if (!index.has(file)) visit(file);
  return found;
}
