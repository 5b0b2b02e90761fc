/**
 * A whole journal as it is on disk, record by record, without its lock, beside
 * a running daemon or without one: an independent look at what the program
 * under test has written.
 */
import type { Framer } from "../../src/framing/framing.ts";
import { endBeforeAnyOf } from "../../src/journal/files/segment/overlap.ts";
import { type ScannedItem, scanSegment } from "../../src/journal/files/segment/check_segment.ts";
import { listSegments, openSegmentIfThere } from "../../src/journal/files/segment/segment_files.ts";
import { surveyIfThere, surveySegment } from "../../src/journal/files/segment/survey.ts";
import type { FileSystem } from "../../src/runtime/files.ts";

/**
 * All records in sequence order, each frame once: where two segments overlap,
 * the newer one counts; each with the name of its file. `framer` is for segments
 * whose header does not say their framing. Rejects with a `SpillwayError` for a
 * segment of a newer format version.
 */
export async function* scanJournal(
  files: FileSystem,
  directory: string,
  framer: Framer,
): AsyncGenerator<ScannedItem & { readonly segment: string }> {
  for (let after = -1;;) {
    // Listed anew each time: the daemon adds and removes segments meanwhile.
    const [next] = await segmentsAfter(files, directory, after);
    if (next === undefined) return;
    after = next.base;
    const file = await openSegmentIfThere(files, next.path);
    if (file === undefined) continue;
    try {
      const later = await segmentsAfter(files, directory, after);
      const surveys = await Promise.all(later.map((each) => surveyIfThere(files, each, framer)));
      const there = surveys.filter((each) => each !== undefined);
      const endBeforeLater = await endBeforeAnyOf(
        files,
        there.map((each, i) => ({ ...each, newest: i === there.length - 1 })),
      );
      const survey = await surveySegment(file, next.path, next.base, framer);
      const newest = later.length === 0 ||
        survey.marks !== undefined && surveys.every((each) => each?.marks === undefined);
      for await (const found of scanSegment(file, { ...survey, newest }, { endBeforeLater })) {
        yield { ...found, segment: next.name };
      }
    } finally {
      file.close();
    }
  }
}

async function segmentsAfter(files: FileSystem, directory: string, after: number) {
  return (await listSegments(files, directory)).filter(({ base }) => base > after);
}
