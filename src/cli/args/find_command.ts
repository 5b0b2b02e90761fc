/** Finds the command that a word on the command line names. */
import { usageError } from "../../base/error.ts";
import { nearest } from "../../config/nearest.ts";
import type { Command, CommandTable } from "../command.ts";

/** The command called `name`; rejects with a SpillwayError (exit 2) if there is none. */
export function findCommand(commands: CommandTable, name: string): Promise<Command> {
  if (Object.hasOwn(commands, name)) return commands[name].load();
  const meant = nearest(name, Object.keys(commands));
  const hint = meant === undefined ? "spillway help lists the commands" : `did you mean spillway ${meant}?`;
  throw usageError(`'${name}' is not a command`, hint);
}
