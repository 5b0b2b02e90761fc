/** A journal as a real run leaves it, and `spillway replay` of it. */
import { askStatus } from "../../../src/admin/client.ts";
import { denoRuntime } from "../../../src/runtime/deno/runtime.ts";
import { loopback } from "../../peers/address.ts";
import type { FrameKind } from "../../peers/frames.ts";
import { assertEquals } from "../../support/assert.ts";
import type { ConfigTable } from "./config.ts";
import { freePorts } from "./ports.ts";
import type { Program } from "./program.ts";
import { chosenRuntime, relayCommand } from "./relay_command.ts";
import type { Scene } from "./scene.ts";
import type { Spillway } from "./spillway.ts";
import { until } from "./wait.ts";

export const LINE: FrameKind = { kind: "line", size: 200 };
export const LINES = 12_000;

export interface Recording {
  readonly relay: Spillway;
  readonly directory: string;
  /** Where the consumer of the route would listen. */
  readonly target: number;
}

/** A relay with a backlog of several segments, whose consumer is away. */
export async function record(
  scene: Scene,
  bytesPerSecond = 0,
  lines = LINES,
  targetKeys: ConfigTable = {},
): Promise<Recording> {
  const [source, target] = freePorts(2);
  const directory = `${scene.directory}/journal`;
  const relay = await scene.spillway([{
    name: "feed",
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `127.0.0.1:${target}`, retry_max: "100ms", ...targetKeys },
    journal: { dir: directory, mode: "always", segment_bytes: "1MiB" },
  }]).listening(source);
  const sent = await scene.producer({ connect: loopback(source), frames: LINE, count: lines, bytesPerSecond });
  assertEquals(sent.error, undefined, "the producer finished");
  await journaled(directory, lines);
  return { relay, directory, target };
}

/** Waits until this number of frames is pending and all of them are in the journal; its file's size alone could be a header. */
export async function journaled(directory: string, frames: number): Promise<void> {
  await until(`${frames} frames are in the journal`, async () => {
    const asked = await askStatus(denoRuntime.net, directory);
    return asked.kind === "answered" && asked.answer.pending_frames === frames && asked.answer.at_risk_bytes === 0;
  }, { everyMs: 2 });
}

export function replay(scene: Scene, ...args: readonly string[]): Program {
  return scene.program("replay", [...relayCommand(chosenRuntime()), "replay", ...args]);
}
