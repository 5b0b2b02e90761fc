/** A warning where a pattern has selected segments of two journals, which is hardly ever intended. */
import type { ArchiveSegment } from "../../journal/files/archive/open_archive.ts";
import type { Runtime } from "../../runtime/runtime.ts";

/** Sequences of two journals are unrelated, but of two frames with the same one only the first is `done` (`printed`). */
export function warnOfMixture(segments: readonly ArchiveSegment[], done: string, { stderr }: Runtime): void {
  const mixed = segments.find((segment, i) => {
    const other = segments[i - 1];
    if (other?.base !== segment.base || other.directory === segment.directory) return false;
    return other.header !== undefined && segment.header !== undefined &&
      other.header.createdUs !== segment.header.createdUs;
  });
  if (mixed === undefined) return;
  const other = segments.find(({ base, directory }) => base === mixed.base && directory !== mixed.directory)!;
  stderr.write(
    `warning: ${other.path} and ${mixed.path} begin with the same sequence and are no copies of each other; ` +
      `of frames with the same sequence one is ${done}\n`,
  );
}
