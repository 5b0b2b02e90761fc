/** Segments of two journals on one command line: easily done with a pattern, and hardly ever meant. */
import type { Archive } from "../../journal/archive.ts";
import type { Runtime } from "../../runtime/runtime.ts";

/** Sequences of two journals have nothing to do with each other: of two frames with the same one, only one would be `done`. */
export function warnOfMixture({ mixture }: Archive, done: string, { stderr }: Pick<Runtime, "stderr">): void {
  if (mixture === undefined) return;
  stderr.write(
    `warning: ${mixture[0]} and ${mixture[1]} begin with the same sequence and are no copies of each other; ` +
      `of frames with the same sequence one is ${done}\n`,
  );
}
