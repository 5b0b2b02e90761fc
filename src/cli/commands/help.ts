/** `spillway help`: the list of commands, or what one of them takes. */
import { EXIT } from "../../base/error.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { findCommand } from "../args/find_command.ts";
import { helpFlag } from "../args/flags.ts";
import type { Command, CommandTable, Flag, Invocation } from "../command.ts";

/** The command for the help on `commands`, of which it is one. */
export function helpCommand(commands: CommandTable): Command {
  return {
    usage: ["help [COMMAND]"],
    description: "Prints how to use spillway, or one of its commands.",
    flags: [],
    operandsMax: 1,
    operands: Object.keys(commands),
    examples: [{ command: "spillway help run", description: "flags and examples of run" }],
    async run({ operands: [name] }: Invocation, runtime: Runtime): Promise<number> {
      const text = name === undefined ? overview(commands) : commandHelp(await findCommand(commands, name));
      await runtime.stdout.write(text);
      return EXIT.ok;
    },
  };
}

/** What `spillway help` prints. */
export function overview(commands: CommandTable): string {
  return `spillway: a TCP store-and-forward relay. It takes what producers send, keeps
what the consumer cannot take yet, and delivers it in order.

usage: spillway COMMAND [FLAGS]

${columns(Object.entries(commands).map(([name, entry]) => [name, entry.summary]))}
spillway help COMMAND tells more. A first session:

  spillway init config > spillway.toml
  spillway check
  spillway run
`;
}

/** What `spillway help COMMAND` prints. */
export function commandHelp(command: Command): string {
  const usage = command.usage.map((form, i) => `${i === 0 ? "usage: " : "       "}spillway ${form}\n`).join("");
  const flags = [...command.flags, helpFlag].map((flag): [string, string] => [flagForm(flag), flag.description]);
  const examples = command.examples.map((example): string => `  # ${example.description}\n  ${example.command}\n`).join(
    "\n",
  );
  return `${usage}\n${command.description}\n\nflags:\n${columns(flags)}\nexamples:\n${examples}`;
}

function flagForm(flag: Flag): string {
  const short = flag.short === undefined ? "    " : `-${flag.short}, `;
  return `${short}--${flag.name}${flag.value === undefined ? "" : ` ${flag.value}`}`;
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join("");
}
