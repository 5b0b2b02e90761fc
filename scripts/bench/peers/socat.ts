/** socat: one thread that reads and writes one buffer, in one direction (`-u`). */
import type { Stage } from "../rig/stage.ts";
import { missing } from "./installed.ts";
import type { Relay } from "./relay.ts";

export const socatMissing = (): string | undefined => missing("socat", "-V");

/** From a connection to a connection. */
export function socat(bufferBytes: number): Relay {
  return {
    name: "socat",
    ours: false,
    missing: socatMissing(),
    entry: "source",
    start: (stage) => {
      const { source, target } = stage.ports;
      // Without nodelay the second small write of a connection waits for the first one's acknowledgement.
      copy(stage, bufferBytes, listenAt(source), `TCP:127.0.0.1:${target},nodelay`);
    },
  };
}

/** From one of socat's addresses to another one. */
export function copy(stage: Stage, bufferBytes: number, from: string, to: string): void {
  stage.measure("socat", copyCommand(bufferBytes, from, to));
}

export function copyCommand(bufferBytes: number, from: string, to: string): string[] {
  return ["socat", "-u", "-b", `${bufferBytes}`, from, to];
}

export function listenAt(port: number): string {
  return `TCP-LISTEN:${port},reuseaddr`;
}
