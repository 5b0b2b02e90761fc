/**
 * Giving up frames below any sequence, with damage that nobody has seen yet
 * anywhere: what is counted for them, what is read and what is reported as
 * damaged afterwards are together what was pending.
 */
import { assertEquals } from "../support/assert.ts";
import { MemoryFiles } from "../support/memory_files.ts";
import { RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES } from "../../src/journal/format.ts";
import { line, lines, open, readAll, run } from "./rig.ts";

const FRAMES_OF_RECORD = 3;
const RECORDS_OF_SEGMENT = 4;
const FRAMES = 24;
const LINE = line(0).length;
const RECORD = RECORD_HEADER_BYTES + FRAMES_OF_RECORD * LINE;
/** Offsets in a record: of the payload's beginning, and of what its header says. */
const PLACES = { header: 20, payload: RECORD_HEADER_BYTES };

async function written(cursor: number): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  const journal = await open(files, { segmentBytes: SEGMENT_HEADER_BYTES + RECORDS_OF_SEGMENT * RECORD });
  for (let first = 0; first < FRAMES; first += FRAMES_OF_RECORD) {
    await journal.append([run(first, lines(first, FRAMES_OF_RECORD))]);
  }
  journal.confirm(cursor, 0);
  await journal.close();
  return files;
}

/** Of each of these records, counted from the oldest. */
function damage(files: MemoryFiles, records: readonly number[], place: keyof typeof PLACES): void {
  const paths = files.paths().filter((path) => path.endsWith(".seg"));
  for (const record of records) {
    const offset = SEGMENT_HEADER_BYTES + record % RECORDS_OF_SEGMENT * RECORD;
    files.bytesOf(paths[Math.floor(record / RECORDS_OF_SEGMENT)])[offset + PLACES[place]] ^= 1;
  }
}

/** Delivered below the first, given up below the second. */
function cuts(): [number, number][] {
  return [0, 1, 3, 6, 11, 12, 14].flatMap((cursor) =>
    Array.from({ length: FRAMES + 1 - cursor }, (_, i): [number, number] => [cursor, cursor + i])
  );
}

for (const place of ["header", "payload"] as const) {
  for (const records of [[0], [1], [3], [4], [6], [1, 2], [2, 3, 4], [0, 2], [5, 7]]) {
    Deno.test(`records ${records.join(", ")} with a damaged ${place}: what is given up, read and lost is what was pending`, async () => {
      for (const [cursor, until] of cuts()) {
        const files = await written(cursor);
        damage(files, records, place);
        const journal = await open(files);
        const lost = { frames: 0, bytes: 0 };
        journal.onDamage = ({ frames, payloadBytes, counted }) => {
          if (!counted) return;
          lost.frames += frames;
          lost.bytes += payloadBytes;
        };
        const { pendingFrames, pendingBytes } = journal.recovery;
        const given = await journal.count(cursor, until);
        const read = await readAll(journal, until);
        assertEquals(read.filter(({ sequence }) => sequence < until), []);
        const frames = given.frames + read.length + lost.frames;
        const bytes = given.bytes + read.length * LINE + lost.bytes;
        assertEquals({ cursor, until, frames, bytes }, { cursor, until, frames: pendingFrames, bytes: pendingBytes });
        await journal.close();
      }
    });
  }
}
