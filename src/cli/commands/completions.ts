/** `spillway completions`: prints the script with which a shell completes commands, flags and values. */
import { EXIT, usageError } from "../../base/error.ts";
import { nearest } from "../../config/nearest.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Command, CommandTable, Invocation } from "../command.ts";
import { bashScript } from "./completions/bash.ts";
import { fishScript } from "./completions/fish.ts";
import { type CommandOutline, outline } from "./completions/outline.ts";
import { zshScript } from "./completions/zsh.ts";

const EXAMPLE = "for example: source <(spillway completions bash)";

const SCRIPTS: Readonly<Record<string, (commands: readonly CommandOutline[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** The command that prints what completes `commands`, of which it is one. */
export function completionsCommand(commands: CommandTable): Command {
  return {
    usage: ["completions bash|zsh|fish"],
    description: `Prints a script that makes the shell complete the commands of this version,
their flags, the values of flags where they can be listed, and paths.`,
    flags: [],
    operandsMax: 1,
    operands: Object.keys(SCRIPTS),
    examples: [
      { command: "source <(spillway completions bash)", description: "for this shell; in ~/.bashrc for every one" },
      {
        command: "mkdir -p ~/.zfunc && spillway completions zsh > ~/.zfunc/_spillway",
        description: "in a directory of $fpath",
      },
      {
        command: "mkdir -p ~/.config/fish/completions && " +
          "spillway completions fish > ~/.config/fish/completions/spillway.fish",
        description: "fish finds it there",
      },
    ],
    async run({ operands: [shell] }: Invocation, runtime: Runtime): Promise<number> {
      const allowed = Object.keys(SCRIPTS).join(", ");
      if (shell === undefined) {
        throw usageError(`completions needs the name of a shell, allowed: ${allowed}`, EXAMPLE);
      }
      if (!Object.hasOwn(SCRIPTS, shell)) {
        const meant = nearest(shell, Object.keys(SCRIPTS));
        const hint = meant === undefined ? EXAMPLE : `did you mean spillway completions ${meant}?`;
        throw usageError(`completions: found '${shell}', allowed: ${allowed}`, hint);
      }
      await runtime.stdout.write(SCRIPTS[shell](await outline(commands)));
      return EXIT.ok;
    },
  };
}
