/** Checks src against the rules of import_rules.ts. Exit code 1 if a file breaks one, or if nothing imports it. */
import { readImportGraph } from "./import_graph.ts";
import { violations } from "./import_rules.ts";

const src = new URL("../src/", import.meta.url);

async function* sourceFiles(folder = ""): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(new URL(folder, src))) {
    if (entry.isDirectory) yield* sourceFiles(`${folder}${entry.name}/`);
    else if (entry.name.endsWith(".ts")) yield `${folder}${entry.name}`;
  }
}

/** The program, and the script of the dashboard, which browsers run. */
const ENTRIES = ["main.ts", "admin/dashboard/client/main.ts"];
const graphs = await Promise.all(ENTRIES.map((entry) => readImportGraph(src, entry)));
const graph = new Map(graphs.flatMap((each) => [...each]));
const found = violations(graph);
for await (const path of sourceFiles()) if (!graph.has(path)) found.push(`src/${path}:1: nothing imports it`);
for (const violation of found.sort()) console.error(violation);
if (found.length > 0) Deno.exit(1);
console.log(`imports: ${graph.size} files, no violation`);
