/** The import graph of src as Deno resolves it, with imports of types and dynamic imports. */

export interface Import {
  /** As written: `../base/error.ts`, `zod`, `node:fs`. */
  readonly specifier: string;
  /** The imported file, relative to src, with slashes; undefined for a package or a module of the runtime. */
  readonly file: string | undefined;
  /** From 1 on. */
  readonly line: number;
}

/** Files relative to src, with slashes, and what each imports in its order. */
export type ImportGraph = ReadonlyMap<string, readonly Import[]>;

/** One resolved import in the output of `deno info --json`. */
interface Resolved {
  readonly specifier?: string;
  readonly span: { readonly start: { readonly line: number } };
}

interface Module {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly specifier: string;
    readonly code?: Resolved;
    readonly type?: Resolved;
  }[];
}

/** The graph of everything that `entry` (relative to `src`, a directory) reaches. Rejects with Deno's message if an import cannot be resolved. */
export async function readImportGraph(src: URL, entry: string): Promise<ImportGraph> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", decodeURIComponent(new URL(entry, src).pathname)],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const { modules }: { modules: readonly Module[] } = JSON.parse(new TextDecoder().decode(stdout));
  const graph = new Map<string, Import[]>();
  for (const { specifier, dependencies } of modules) {
    if (specifier.startsWith(src.href)) graph.set(specifier.slice(src.href.length), importsOf(dependencies ?? [], src));
  }
  return graph;
}

function importsOf(dependencies: NonNullable<Module["dependencies"]>, src: URL): Import[] {
  return dependencies.map(({ specifier, code, type }) => {
    const resolved = code ?? type;
    const file = resolved?.specifier?.startsWith("file:") ? relativeTo(src, resolved.specifier) : undefined;
    return { specifier, file, line: (resolved?.span.start.line ?? 0) + 1 };
  });
}

/** Begins with `../` for a file outside of `src`. */
function relativeTo(src: URL, file: string): string {
  return file.startsWith(src.href) ? file.slice(src.href.length) : `../${file.slice(new URL("../", src).href.length)}`;
}
