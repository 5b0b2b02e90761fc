/** Holds every file of src to the rules of import_rules.ts; the exit code is 1 if one breaks them. */
import { violations } from "./import_rules.ts";

const src = new URL("../src/", import.meta.url);

async function* sourceFiles(folder = ""): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(new URL(folder, src))) {
    if (entry.isDirectory) yield* sourceFiles(`${folder}${entry.name}/`);
    else if (entry.name.endsWith(".ts")) yield `${folder}${entry.name}`;
  }
}

let files = 0;
const found: string[] = [];
for await (const path of sourceFiles()) {
  files++;
  found.push(...violations(path, await Deno.readTextFile(new URL(path, src))));
}
for (const violation of found.sort()) console.error(violation);
if (found.length > 0) Deno.exit(1);
console.log(`import order: ${files} files, no violation`);
