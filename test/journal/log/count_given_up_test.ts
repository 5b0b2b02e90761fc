/**
 * Giving up frames below any sequence, with damage that no reader has seen yet
 * anywhere: what is counted for them, what is read and what is reported as
 * damaged afterwards are together what was pending.
 */
import { assertEquals } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES } from "../../../src/journal/files/format/segment.ts";
import { skipOffline } from "../../../src/journal/files/offline/skip.ts";
import type { Journal, JournalReader } from "../../../src/journal/journal.ts";
import { DIRECTORY, line, lines, open, pool, readAll, run } from "../support/rig.ts";

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
  journal.confirm(cursor);
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

/** Pairs of sequences, the first not above the second. */
function cuts(...firsts: readonly number[]): [number, number][] {
  return firsts.flatMap((from) =>
    Array.from({ length: FRAMES + 1 - from }, (_, i): [number, number] => [from, from + i])
  );
}

/** Adds up what is reported as damaged from now on. */
function losses(journal: Journal): { frames: number; bytes: number } {
  const lost = { frames: 0, bytes: 0 };
  journal.onDamage = ({ frames, payloadBytes, counted }) => {
    if (!counted) return;
    lost.frames += frames;
    lost.bytes += payloadBytes;
  };
  return lost;
}

/** What a reader has up to and with the first batch that goes to `until` or beyond. */
async function readTo(reader: JournalReader, until: number): Promise<number[]> {
  const sequences: number[] = [];
  while ((sequences.at(-1) ?? -1) < until) {
    const batch = await reader.next(true);
    if (batch === undefined) break;
    for (const { first, frames } of batch.parts) sequences.push(...Array.from({ length: frames }, (_, i) => first + i));
    batch.buffer.release();
  }
  return sequences;
}

const DAMAGED = [[0], [1], [3], [4], [6], [1, 2], [2, 3, 4], [0, 2], [5, 7]];

for (const place of ["header", "payload"] as const) {
  for (const records of DAMAGED) {
    const what = `records ${records.join(", ")} with a damaged ${place}`;
    Deno.test(`${what}: what is given up, read and lost is what was pending`, async () => {
      for (const [cursor, until] of cuts(0, 1, 3, 6, 11, 12, 14)) {
        const files = await written(cursor);
        damage(files, records, place);
        const journal = await open(files);
        const lost = losses(journal);
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

    Deno.test(`${what}: as many are given up while no daemon runs`, async () => {
      for (const [cursor, until] of cuts(0, 5, 12)) {
        const files = await written(cursor);
        damage(files, records, place);
        const journal = await open(files.afterCrash());
        const expected = { from: cursor, until, ...await journal.count(cursor, until), unreadFrames: 0 };
        await journal.close();
        const confirm = () => Promise.resolve(true);
        const given = await skipOffline({ files, directory: DIRECTORY, until, holder: "pid 2", confirm });
        const { firstUs: _, lastUs: __, ...counted } = given!;
        assertEquals(counted, expected);
      }
    });

    Deno.test(`${what}: the same where a reader was there first`, async () => {
      const isDamaged = (sequence: number) => records.includes(Math.floor(sequence / FRAMES_OF_RECORD));
      // Nobody has sent half of what cannot be read.
      const sent = cuts(0, 5, 12).filter(([from]) => !isDamaged(from) || from % FRAMES_OF_RECORD === 0);
      for (const [from, until] of sent) {
        for (const ahead of [from, from + 4, FRAMES]) {
          const files = await written(0);
          damage(files, records, place);
          const journal = await open(files);
          const lost = losses(journal);
          const reader = journal.reader(pool(RECORD));
          const before = (await readTo(reader, ahead)).filter((sequence) => sequence < from);
          const given = await journal.count(from, until);
          reader.seek(until);
          const after = await readTo(reader, FRAMES);
          reader.close();
          const frames = before.length + given.frames + after.length + lost.frames;
          const bytes = (before.length + after.length) * LINE + given.bytes + lost.bytes;
          const { pendingFrames, pendingBytes } = journal.recovery;
          const story = { from, until, ahead };
          assertEquals({ ...story, frames, bytes }, { ...story, frames: pendingFrames, bytes: pendingBytes });
          await journal.close();
        }
      }
    });
  }
}
