/** Finds the bun of node_modules: the npm package brings one executable per platform as optional packages. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const root = new URL("../", import.meta.url);

/**
 * The path of a bun that runs on this machine. npm installs several where it
 * cannot tell (glibc and musl, with and without AVX2), so each is tried.
 * Throws if none does.
 */
export function findBun(): string {
  const tried: string[] = [];
  for (const name of candidates()) {
    const path = binaryOf(name);
    if (path === undefined) continue;
    tried.push(path);
    if (runs(path)) return path;
  }
  const found = tried.length === 0 ? "none is installed" : `none of these runs: ${tried.join(", ")}`;
  throw new Error(`no bun for ${Deno.build.os} ${Deno.build.arch}: ${found}`);
}

function candidates(): string[] {
  const os = { linux: "linux", darwin: "darwin", windows: "windows" }[Deno.build.os as string];
  const arch = { x86_64: "x64", aarch64: "aarch64" }[Deno.build.arch];
  return ["", "-musl", "-baseline", "-musl-baseline"].map((variant) => `@oven/bun-${os}-${arch}${variant}`);
}

function binaryOf(name: string): string | undefined {
  // The packages are bun's own dependencies, so they are resolved from where bun really is.
  const bun = Deno.realPathSync(new URL("node_modules/bun/package.json", root));
  try {
    const manifest = createRequire(bun).resolve(`${name}/package.json`);
    return join(dirname(manifest), "bin", Deno.build.os === "windows" ? "bun.exe" : "bun");
  } catch {
    return undefined;
  }
}

function runs(path: string): boolean {
  try {
    return new Deno.Command(path, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}
