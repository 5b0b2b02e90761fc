/** The model of a command: what it takes, what its help prints, and the function that runs it. */
import type { Runtime } from "../runtime/runtime.ts";

export interface Flag {
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** The name of its value in the help: `FILE`. Absent for a flag without a value. */
  readonly value?: string;
  /** All values that are allowed, where they can be listed: for completion. */
  readonly values?: readonly string[];
  /** One line of help. */
  readonly description: string;
}

export interface Example {
  readonly command: string;
  readonly description: string;
}

/** What the user wrote after the command's name. */
export interface Invocation {
  /** Values of flags that have one, by name; absent where the flag was not given. */
  readonly values: Readonly<Record<string, string | undefined>>;
  /** Names of the other flags that were given. */
  readonly switches: ReadonlySet<string>;
  readonly operands: readonly string[];
}

export interface Command {
  /** `run [-c FILE]`, one entry per form. */
  readonly usage: readonly string[];
  /** What it does, in lines of at most 80 characters. */
  readonly description: string;
  readonly flags: readonly Flag[];
  /** How many operands it takes at most. */
  readonly operandsMax: number;
  /** All operands that are allowed, where they can be listed; otherwise operands are paths. For completion. */
  readonly operands?: readonly string[];
  readonly examples: readonly Example[];
  /** Its exit code is a verdict; so it fails if its output is closed before it is written. */
  readonly judges?: true;
  /** Returns the exit code; rejects with a SpillwayError if the command fails. */
  run(invocation: Invocation, runtime: Runtime): Promise<number>;
}

export interface CommandEntry {
  /** For the list of commands. */
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** The commands by name, in the order of the help. */
export type CommandTable = Readonly<Record<string, CommandEntry>>;

/** `-c FILE`, for all commands that read a configuration. */
export const configFlag: Flag = {
  name: "config",
  short: "c",
  value: "FILE",
  description: "the configuration; - is standard input. Else $SPILLWAY_CONFIG, else ./spillway.toml",
};
