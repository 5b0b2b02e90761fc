/**
 * Checks `deno compile` as far as a machine without denort allows: the module
 * graph, the permissions and the embedding. Deno's own executable takes the place
 * of denort. The result would start Deno instead of the program, so it is only
 * inspected and removed.
 */
import { Buffer } from "node:buffer";
import { denoCompile } from "./compile.ts";

/** Text that is in the program and in no Deno. */
const MARKER = "a TCP store-and-forward relay";
/** How the embedded settings say that nothing is kept from the program: an empty list is no limit, null is none at all. */
const ALL_PERMISSIONS = ["env", "net", "ffi", "read", "run", "sys", "write"].map((what) => `"allow_${what}":[]`);

/** Resolves with the finding in one line; rejects if the embedding failed. `directory` is for temporary files. */
export async function checkDenoCompile(bundle: string, directory: string): Promise<string> {
  const temporary = await Deno.makeTempDir({ dir: directory, prefix: "embedded-" });
  const output = `${temporary}/spillway`;
  try {
    const compiled = await denoCompile(bundle, output, undefined, Deno.execPath());
    if (!compiled.ok) throw new Error(`deno compile cannot embed the bundle:\n${compiled.stderr}`);
    const bytes = await Deno.readFile(output);
    const base = (await Deno.stat(Deno.execPath())).size;
    const bundled = (await Deno.stat(bundle)).size;
    if (bytes.length < base + bundled) {
      throw new Error(`deno compile wrote ${bytes.length} bytes, expected at least ${base} + ${bundled}`);
    }
    for (const text of [MARKER, ...ALL_PERMISSIONS]) {
      if (!Buffer.from(bytes.buffer).includes(text)) throw new Error(`deno compile's output does not contain ${text}`);
    }
    return `deno compile: embeds the bundle (${bytes.length - base} bytes on top of the base, all permissions)`;
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
}
