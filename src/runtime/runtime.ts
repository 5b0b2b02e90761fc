/** The seam between this program and the runtime it runs on. Nothing outside this folder names a runtime. */
import type { FileSystem } from "./files.ts";
import type { Net } from "./net.ts";

export interface Runtime {
  readonly name: "deno" | "bun";
  readonly version: string;
  readonly net: Net;
  readonly files: FileSystem;
}

/** The adapter for the runtime that this program runs on. */
export async function currentRuntime(): Promise<Runtime> {
  if ("Deno" in globalThis) return (await import("./deno/runtime.ts")).denoRuntime;
  if ("Bun" in globalThis) return (await import("./bun/runtime.ts")).bunRuntime;
  throw new Error("spillway runs on Deno or Bun");
}
