/** Both runtimes as commands, so that tests can run one bundle under each. */
import { fileURLToPath } from "node:url";
import { findBun } from "../../scripts/bun_binary.ts";
import { bundle } from "../../scripts/bundle.ts";

export interface RuntimeCommand {
  readonly name: "deno" | "bun";
  /** The words before the script. */
  readonly command: readonly string[];
}

export async function runtimeCommands(): Promise<RuntimeCommand[]> {
  return [
    { name: "deno", command: [Deno.execPath(), "run", "--allow-all"] },
    { name: "bun", command: [await findBun()] },
  ];
}

/** Runs `action` with the bundle of a module, given by its URL, in a directory of its own. */
export async function withBundle<T>(entry: URL, action: (script: string, directory: string) => Promise<T>): Promise<T> {
  const directory = await Deno.makeTempDir({ prefix: "spillway-test-" });
  try {
    const script = `${directory}/bundle.js`;
    await bundle(fileURLToPath(entry), script);
    return await action(script, directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
