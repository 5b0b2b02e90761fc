/**
 * Joins a module and everything it imports into one JavaScript file that runs
 * under `deno run` and under `bun`.
 *
 * esbuild knows nothing of deno.json, so its import map is handed over as
 * aliases: `npm:NAME@VERSION/SUB` becomes `NAME/SUB`, which esbuild finds in the
 * node_modules that Deno keeps (`nodeModulesDir`). So the bundle holds exactly
 * the packages that deno.lock pins.
 */
import * as esbuild from "esbuild";

const root = new URL("../", import.meta.url);

/** CommonJS packages inside an ES module call `require` for Node's modules; Deno gives a module none. */
const banner =
  'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);';

export interface BundleOptions {
  /** Modules to leave as imports, beside those of the runtimes (`node:…`, `bun:…`). */
  readonly external?: readonly string[];
  /** Names and the JavaScript expressions that stand for them in the bundle. */
  readonly define?: Readonly<Record<string, string>>;
}

/**
 * Writes the bundle of `entry` to `outfile` (both absolute, or relative to the
 * repository). One call at a time: the end of a call stops esbuild's process.
 * Rejects with esbuild's messages if an import cannot be found or parsed.
 */
export async function bundle(entry: string, outfile: string, options: BundleOptions = {}): Promise<void> {
  try {
    await esbuild.build({
      absWorkingDir: decodeURIComponent(root.pathname),
      entryPoints: [entry],
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "esnext",
      charset: "utf8",
      legalComments: "none",
      logLevel: "silent",
      alias: await importAliases(),
      external: ["node:*", "bun:*", ...options.external ?? []],
      define: options.define,
      banner: { js: banner },
    });
  } finally {
    await esbuild.stop();
  }
}

/** deno.json's import map as esbuild aliases; entries that name a package by its own name need none. */
async function importAliases(): Promise<Record<string, string>> {
  const config = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const aliases: Record<string, string> = {};
  for (const [name, specifier] of Object.entries<string>(config.imports)) {
    const target = packagePath(specifier);
    if (target !== name) aliases[name] = target;
  }
  return aliases;
}

/** `npm:/@scope/name@1.2.3/sub.js` → `@scope/name/sub.js`. */
export function packagePath(specifier: string): string {
  const parts = specifier.match(/^npm:\/?((?:@[^/]+\/)?[^@/]+)(?:@[^/]+)?(\/.*)?$/);
  if (parts === null) throw new Error(`deno.json: the import ${specifier} is not an npm package`);
  return parts[1] + (parts[2] ?? "");
}
