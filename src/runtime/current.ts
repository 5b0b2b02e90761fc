/** Finds out which runtime this program runs on, and loads the adapter for that one alone. */
import type { Runtime } from "./runtime.ts";

/** The adapter for the runtime that this program runs on. */
export async function currentRuntime(): Promise<Runtime> {
  if ("Deno" in globalThis) return (await import("./deno/runtime.ts")).denoRuntime;
  if ("Bun" in globalThis) return (await import("./bun/runtime.ts")).bunRuntime;
  throw new Error("spillway runs on Deno or Bun");
}
