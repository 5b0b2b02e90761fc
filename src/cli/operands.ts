/** What the commands on journals have in common: their paths and `--json`. */
import { EXIT, SpillwayError } from "../base/error.ts";
import type { Flag, Invocation } from "./command.ts";

export const jsonFlag: Flag = { name: "json", says: "for programs: one JSON object a line" };

/** The paths given; throws a SpillwayError (exit 2) if there are none. */
export function operandsOf(name: string, { operands }: Invocation): readonly string[] {
  if (operands.length > 0) return operands;
  throw new SpillwayError(`${name} needs the path of a journal directory or of segment files`, {
    hint: `for example: spillway ${name} spillway-data/feed`,
    exit: EXIT.usage,
  });
}
