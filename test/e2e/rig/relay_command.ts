/**
 * How the relay is started: as the built binary, or its bundle on one of the
 * two runtimes. `SPILLWAY_RUNTIME=binary|deno|bun` chooses, binary if unset.
 */

export type RelayRuntime = "binary" | "deno" | "bun";

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
      return [bunExecutable(), file];
  }
}

/** Where the npm package `bun` has put its executable for this platform. */
function bunExecutable(): string {
  const store = `${ROOT}/node_modules/.deno`;
  for (const entry of Deno.readDirSync(store)) {
    const name = entry.name.match(/^@oven\+(bun-.+)@[^@]+$/)?.[1];
    const file = `${store}/${entry.name}/node_modules/@oven/${name}/bin/bun`;
    if (name !== undefined && exists(file)) return file;
  }
  throw new Error(`no bun in ${store}: run "deno install" first`);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
