/** The measured program: Spillway on one of its runtimes, or socat. Both are started in the same way. */
import { Program } from "../../test/e2e/rig/program.ts";
import { relayCommand, type RelayRuntime } from "../../test/e2e/rig/relay_command.ts";
import { toToml } from "../../test/e2e/rig/config.ts";

export type Contender = "spillway" | "socat";

export interface Ports {
  readonly source: number;
  readonly target: number;
}

/** Spillway with its defaults apart from addresses, the journal's directory and possibly its mode. */
export function startSpillway(
  runtime: RelayRuntime,
  ports: Ports,
  directory: string,
  journal: { dir: string; mode?: "overflow" | "always" } = { dir: `${directory}/journal` },
): Program {
  const config = `${directory}/bench.toml`;
  Deno.writeTextFileSync(
    config,
    toToml({
      head: { log: { level: "info" } },
      routes: [{
        name: "bench",
        source: { listen: `127.0.0.1:${ports.source}` },
        target: { connect: `127.0.0.1:${ports.target}`, retry_min: "20ms", retry_max: "100ms" },
        journal,
      }],
    }),
  );
  return new Program("spillway", [...relayCommand(runtime), "run", "-c", config]);
}

/** One direction only (-u), with socat's default buffer, or a larger one (`-b`). */
export function startSocat(from: string, to: string, bufferBytes: number): Program {
  return new Program("socat", ["socat", "-u", "-b", `${bufferBytes}`, from, to]);
}

export function hasSocat(): boolean {
  try {
    return new Deno.Command("socat", { args: ["-V"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}
