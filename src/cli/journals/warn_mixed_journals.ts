/** A warning where a pattern has selected segments of two journals, which is hardly ever intended. */
import type { Archive } from "../../journal/archive.ts";
import type { Runtime } from "../../runtime/runtime.ts";

/** Sequences of two journals are unrelated, but of two frames with the same one only one is `done` (`printed`). */
export function warnOfMixture({ mixture }: Archive, done: string, { stderr }: Pick<Runtime, "stderr">): void {
  if (mixture === undefined) return;
  stderr.write(
    `warning: ${mixture[0]} and ${mixture[1]} begin with the same sequence and are no copies of each other; ` +
      `of frames with the same sequence one is ${done}\n`,
  );
}
