/**
 * How the relay is started: as the built binary, or its bundle on one of the
 * two runtimes. `SPILLWAY_RUNTIME=binary|deno|bun` chooses, binary if unset.
 */
import { findBun } from "../../../scripts/bun_binary.ts";

export const RELAY_RUNTIMES = ["binary", "deno", "bun"] as const;

export type RelayRuntime = typeof RELAY_RUNTIMES[number];

const ROOT = new URL("../../..", import.meta.url).pathname.replace(/\/$/, "");

export function chosenRuntime(): RelayRuntime {
  const chosen = Deno.env.get("SPILLWAY_RUNTIME") ?? "binary";
  if (chosen !== "binary" && chosen !== "deno" && chosen !== "bun") {
    throw new Error(`SPILLWAY_RUNTIME is binary, deno or bun, not ${JSON.stringify(chosen)}`);
  }
  return chosen;
}

/** The words before `run`. Throws, with what to do, if nothing has been built. */
export function relayCommand(runtime: RelayRuntime): string[] {
  const file = `${ROOT}/dist/${runtime === "binary" ? "spillway" : "spillway.js"}`;
  if (!exists(file)) throw new Error(`${file} does not exist: run "deno task build" first`);
  switch (runtime) {
    case "binary":
      return [file];
    case "deno":
      return [Deno.execPath(), "run", "-A", "--no-config", file];
    case "bun":
      return [findBun(), file];
  }
}

/** The words before a command, of a copy in `directory` that every user can start: the checkout may be in a home directory. */
export async function reachableProgram(directory: string): Promise<string[]> {
  const words = relayCommand(chosenRuntime());
  const copies: string[] = [];
  for (const [i, word] of words.entries()) {
    if (!word.startsWith("/")) {
      copies.push(word);
      continue;
    }
    const copy = `${directory}/program-${i}${word.endsWith(".js") ? ".js" : ""}`;
    await Deno.copyFile(word, copy);
    await Deno.chmod(copy, 0o755);
    copies.push(copy);
  }
  return copies;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
