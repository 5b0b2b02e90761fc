/** Spillway as a contender: with its defaults apart from addresses, framing and the journal's directory. */
import { type ConfigTable, toToml } from "../../../test/e2e/rig/config.ts";
import { type Build, buildCommand } from "./build.ts";
import { until } from "../../../test/e2e/rig/wait.ts";
import { askStatus, type RouteStatus } from "../rig/route_status.ts";
import { framingOf, type Payload } from "../payloads.ts";
import { limitMs, type Ports, type Stage } from "../rig/stage.ts";
import type { Relay } from "./relay.ts";

export interface SpillwayOptions {
  readonly runtime: Build;
  readonly mode?: "overflow" | "always";
  readonly sync?: "os" | "interval" | "each";
  /** Sent to the producer for each frame that is safe. */
  readonly reply?: string;
  /** How long delivered segments are kept. */
  readonly retain?: string;
  /** Is it asked for its figures over HTTP each second? */
  readonly isWatched?: boolean;
}

/** The words that start it on `ports` with the journal in `directory`/journal. */
export function spillwayCommand(
  options: SpillwayOptions,
  payload: Payload,
  ports: Ports,
  directory: string,
): string[] {
  const { runtime, mode = "overflow", sync = "os", reply, retain } = options;
  const route: ConfigTable = {
    name: "bench",
    framing: framingOf(payload),
    source: { listen: `127.0.0.1:${ports.source}`, ...(reply === undefined ? {} : { reply }) },
    target: { connect: `127.0.0.1:${ports.target}`, retry_min: "20ms", retry_max: "100ms" },
    journal: { dir: journalOf(directory), mode, sync, ...(retain === undefined ? {} : { retain }) },
  };
  const config = `${directory}/bench.toml`;
  const admin: ConfigTable = options.isWatched ? { admin: { listen: `127.0.0.1:${ports.admin}` } } : {};
  Deno.writeTextFileSync(
    config,
    toToml({ head: { log: { level: "info", format: "json" }, ...admin }, routes: [route] }),
  );
  return [...buildCommand(runtime), "run", "-c", config];
}

export function journalOf(directory: string): string {
  return `${directory}/journal`;
}

/** `suffix` sets variants of one runtime apart. */
export function spillway(options: SpillwayOptions, suffix = ""): Relay {
  return {
    name: nameOf(options.runtime, suffix),
    ours: true,
    entry: "source",
    start: (stage, payload) => {
      stage.measure("spillway", spillwayCommand(options, payload, stage.ports, stage.directory));
      if (options.isWatched) stage.peer("watcher.ts", { port: stage.ports.admin });
    },
    status: (stage) => askStatus(journalOf(stage.directory)),
  };
}

export function nameOf(runtime: Build, suffix = ""): string {
  return `spillway (${runtime})${suffix === "" ? "" : `, ${suffix}`}`;
}

/** Until the journal's files have this many bytes of frames; the route's status then. Looks often: call it near the end. */
export async function untilSpilled(stage: Stage, bytes: number): Promise<RouteStatus> {
  return await until("all frames are in the journal", async () => {
    const status = await askStatus(journalOf(stage.directory));
    return status.spilled_bytes >= bytes ? status : undefined;
  }, { timeoutMs: limitMs(bytes), everyMs: 2 });
}
