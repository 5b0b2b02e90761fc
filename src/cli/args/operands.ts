/** Arguments of all commands that work on journals: their paths and `--json`. */
import { usageError } from "../../base/error.ts";
import type { Flag, Invocation } from "../command.ts";

export const jsonFlag: Flag = { name: "json", description: "for programs: one JSON object a line" };

/** The paths given; throws a SpillwayError (exit 2) if there are none. */
export function operandsOf(name: string, { operands }: Invocation): readonly string[] {
  if (operands.length > 0) return operands;
  throw usageError(
    `${name} needs the path of a journal directory or of segment files`,
    `for example: spillway ${name} spillway-data/feed`,
  );
}
