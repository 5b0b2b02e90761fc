/** Starts the built program, to its end, with nothing of the environment but what is given. */
import { chosenRuntime, relayCommand } from "../rig/relay_command.ts";

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
}

/** `spillway ARGS`, on the runtime that SPILLWAY_RUNTIME asks for. */
export function spillway(args: readonly string[], surroundings: Surroundings = {}): Promise<Finished> {
  return finish([...relayCommand(chosenRuntime()), ...args], surroundings);
}

export async function finish(
  [program, ...args]: readonly string[],
  surroundings: Surroundings = {},
): Promise<Finished> {
  const command = new Deno.Command(program, { args, clearEnv: true, stdin: "null", ...surroundings });
  const { code, stdout, stderr } = await command.output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** A directory that is removed afterwards. */
export async function withDirectory(action: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "spillway-cli-" });
  try {
    await action(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
