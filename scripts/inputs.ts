/** The inputs of a build: a hash that tells whether to build again, and the commit that the binary reports. */
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);

/** A hash of everything that goes into the binary: sources, build scripts, dependencies, the commit. */
export async function inputsHash(): Promise<string> {
  const files = [...await listFiles("src"), ...await listFiles("scripts"), "deno.json", "deno.lock"].sort();
  const parts: string[] = [await gitCommit(), Deno.env.get("DENORT_BIN") ?? ""];
  for (const file of files) parts.push(file, await Deno.readTextFile(new URL(file, root)));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(parts.join("\0")));
  return new Uint8Array(digest).toHex();
}

async function listFiles(directory: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(new URL(`${directory}/`, root))) {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory) found.push(...await listFiles(path));
    else if (/\.(?:ts|html|css)$/.test(entry.name)) found.push(path);
  }
  return found;
}

/** `abc1234`, `abc1234-dirty` where files differ from it, `unknown` outside a git repository. */
export async function gitCommit(): Promise<string> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args: ["describe", "--always", "--dirty", "--abbrev=7", "--exclude=*"],
      cwd: fileURLToPath(root),
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : "unknown";
  } catch {
    return "unknown";
  }
}
