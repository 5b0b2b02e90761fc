/** A check for commands that write frames to standard output. */
import { SpillwayError } from "../../base/error.ts";
import type { Runtime } from "../../runtime/runtime.ts";

/** Throws a SpillwayError if standard output is closed. */
export function checkStdout({ hasStdout }: Runtime): void {
  if (hasStdout) return;
  throw new SpillwayError("standard output is closed: the frames have nowhere to go", {
    hint: "open it, for example with > FILE; > /dev/null where nobody wants them",
  });
}
