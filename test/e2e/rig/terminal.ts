/** A relay in a terminal of its own, which can be closed under it as a window or a connection is. Needs `terminal`. */
import { type ConfigTable, toToml } from "./config.ts";
import { isListening } from "./ports.ts";
import { isAlive, relayOf } from "./processes.ts";
import { chosenRuntime, relayCommand } from "./relay_command.ts";
import type { Scene } from "./scene.ts";
import { until } from "./wait.ts";

export interface TerminalRelay {
  readonly pid: number;
  readonly isAlive: boolean;
  isListening(port: number): boolean;
  /** The terminal is gone: its session gets SIGHUP, and what is written to it fails with EIO. */
  closeTerminal(): Promise<void>;
}

/** Starts the relay with these routes by script(1), which makes a pseudo terminal for it. */
export async function inTerminal(scene: Scene, routes: readonly ConfigTable[]): Promise<TerminalRelay> {
  const path = `${scene.directory}/in-terminal.toml`;
  Deno.writeTextFileSync(path, toToml({ routes }));
  const words = [...relayCommand(chosenRuntime()), "run", "-c", path];
  const command = `exec ${words.map((word) => `'${word}'`).join(" ")}`;
  const script = scene.program("terminal", ["script", "-q", "-c", command, "/dev/null"], {
    cwd: scene.directory,
    holdStdin: true,
  });
  const pid = await until("the relay runs in its terminal", () => relayOf(script.pid));
  scene.defer(() => isAlive(pid) && Deno.kill(pid, "SIGKILL"));
  return {
    pid,
    get isAlive() {
      return isAlive(pid);
    },
    isListening: (port) => isListening(port, pid),
    closeTerminal: () => script.kill(),
  };
}
