/**
 * Records and files in places where they do not belong, each as it was found:
 * `verify`, `cat`, `status`, the daemon and `repair` say the same of them. The
 * mutations at random are in mutate_test.ts.
 */
import { assert, assertEquals } from "../support/assert.ts";
import {
  decodeFooter,
  encodeFooter,
  marksOf,
  RECORD_HEADER_BYTES,
  SEGMENT_HEADER_BYTES,
  segmentName,
} from "../../src/journal/files/format/segment.ts";
import { crc32 } from "node:zlib";
import { summarizeJournal } from "../../src/journal/files/archive/summary.ts";
import type { Damage, Journal } from "../../src/journal/journal.ts";
import { MemoryFiles } from "../support/memory_files.ts";
import { compact } from "./support/compacting.ts";
import { compressInPlace } from "./support/compress_sample.ts";
import { printed, repaired } from "./support/repair_journal.ts";
import { appendLines, DIRECTORY, expected, line, lines, ManualClock, open, readAll, run } from "./support/rig.ts";
import { verified } from "./support/verify_journal.ts";

const FIRST = `${DIRECTORY}/${segmentName(0)}`;
const LARGEST = `${DIRECTORY}/00009007199254740991.seg`;
const RECORD = RECORD_HEADER_BYTES + line(0).length;

/** Records of one frame each in one segment, sealed or left by a kill, nothing delivered. */
async function written(frames: number, sealed: boolean): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  const journal = await open(files);
  await appendLines(journal, frames);
  if (!sealed) return files.afterCrash();
  await journal.close();
  return files;
}

/** The record with this number, counted from the file's beginning. */
function recordAt(files: MemoryFiles, index: number): Uint8Array {
  const from = SEGMENT_HEADER_BYTES + index * RECORD;
  return files.bytesOf(FIRST).slice(from, from + RECORD);
}

/** The segment's header, these records, and what stood behind the last one. */
function arranged(files: MemoryFiles, count: number, records: readonly Uint8Array[]): void {
  const bytes = files.bytesOf(FIRST);
  const rest = bytes.slice(SEGMENT_HEADER_BYTES + count * RECORD);
  files.put(
    FIRST,
    new Uint8Array([...bytes.slice(0, SEGMENT_HEADER_BYTES), ...records.flatMap((r) => [...r]), ...rest]),
  );
}

/** Opens, delivers everything, confirms it, and begins another segment: what is delivered is unlinked. */
async function delivered(files: MemoryFiles) {
  const clock = new ManualClock();
  const journal = await open(files, { clock });
  const damages: Damage[] = [];
  journal.onDamage = (damage) => damages.push(damage);
  const { pendingFrames } = journal.recovery;
  const frames = await readAll(journal);
  journal.confirm(journal.end);
  await appendLines(journal, 1);
  await clock.advance(100);
  await journal.close();
  return { frames, pendingFrames, dropped: droppedIn(damages) };
}

function droppedIn(damages: readonly Damage[]): number {
  return damages.reduce((sum, { frames, counted }) => sum + (counted ? frames : 0), 0);
}

for (const sealed of [false, true]) {
  const as = sealed ? "sealed" : "left by a kill";

  Deno.test(`a damaged copy of a record before the whole one costs no frame (${as})`, async () => {
    const files = await written(6, sealed);
    const records = Array.from({ length: 6 }, (_, i) => recordAt(files, i));
    const bad = records[2].slice();
    bad[RECORD - 3] ^= 4;
    arranged(files, 6, [...records.slice(0, 2), bad, ...records.slice(2)]);
    await holdsAll(files, 6);
  });

  Deno.test(`records out of order are delivered in order, each once (${as})`, async () => {
    const files = await written(6, sealed);
    const records = [0, 4, 2, 3, 1, 2, 5].map((i) => recordAt(files, i));
    arranged(files, 6, records);
    await holdsAll(files, 6);
  });

  Deno.test(`a record that lost bytes of its payload takes none of the next one with it (${as})`, async () => {
    const files = await written(6, sealed);
    const records = Array.from({ length: 6 }, (_, i) => recordAt(files, i));
    records[3] = records[3].slice(0, -4);
    arranged(files, 6, records);
    assertEquals((await verified(files)).frames, 5);
    const { frames, pendingFrames, dropped } = await delivered(files);
    assertEquals(frames, expected(0, 6).filter(({ sequence }) => sequence !== 3));
    assertEquals([pendingFrames, dropped], [6, 1]);
  });

  Deno.test(`a doubled record with garbage behind it is repaired (${as})`, async () => {
    const files = await written(6, sealed);
    const records = Array.from({ length: 6 }, (_, i) => recordAt(files, i));
    arranged(files, 6, [...records.slice(0, 3), records[1], Uint8Array.of(1, 2, 3), ...records.slice(3)]);
    const { failed } = await repaired(files);
    assertEquals(failed, []);
    await holdsAll(files, 6);
    assertEquals((await verified(files)).damages, []);
  });
}

async function holdsAll(files: MemoryFiles, frames: number): Promise<void> {
  assertEquals((await verified(files)).frames, frames, "verify");
  assertEquals((await printed(files)).frames, expected(0, frames), "cat");
  assertEquals((await summarizeJournal(files, DIRECTORY)).pendingFrames, frames, "status");
  const fixed = files.afterCrash();
  assertEquals((await repaired(fixed)).failed, []);
  assertEquals((await verified(fixed)).damages, [], "repaired");
  assertEquals((await printed(fixed)).frames, expected(0, frames), "repaired, cat");
  assertEquals(await delivered(files), { frames: expected(0, frames), pendingFrames: frames, dropped: 0 });
  assert(!files.paths().includes(FIRST), "what is delivered is removed");
}

Deno.test("frames of a damaged record at the end of the newest segment are pending until they are counted as dropped", async () => {
  const files = new MemoryFiles();
  const journal = await open(files);
  await journal.append([run(0, lines(0, 1))]);
  await journal.append([run(1, lines(1, 4))]);
  const left = files.afterCrash();
  left.bytesOf(FIRST)[left.bytesOf(FIRST).length - 2] ^= 1;
  const glance = await summarizeJournal(left, DIRECTORY);
  assertEquals([glance.pendingFrames, glance.pendingBytes], [5, 5 * line(0).length]);
  assertEquals(await delivered(left), { frames: expected(0, 1), pendingFrames: 5, dropped: 4 });
});

for (const size of [0, 100, SEGMENT_HEADER_BYTES]) {
  Deno.test(`an original of ${size} bytes does not hide the compressed segment beside it`, async () => {
    const files = await written(4, true);
    const later = await open(files);
    await appendLines(later, 2);
    await later.close();
    const original = files.bytesOf(FIRST).slice(0, size);
    const compressed = await compressInPlace(files, FIRST);
    files.put(FIRST, original);
    assertEquals((await printed(files)).frames, expected(0, 6));
    assertEquals((await summarizeJournal(files, DIRECTORY)).pendingFrames, 6);
    const fixed = files.afterCrash();
    const { moved } = await repaired(fixed);
    assertEquals(moved, [`${FIRST} > ${DIRECTORY}/quarantine/${segmentName(0)}`]);
    assertEquals((await printed(fixed)).frames, expected(0, 6));
    await compact(files);
    assert(files.paths().includes(compressed), "a compaction leaves the one that counts");
    const journal = await open(files);
    assertEquals(await readAll(journal), expected(0, 6));
    await journal.close();
  });
}

Deno.test("a file whose name cannot be right is damage, not the end of the journal", async () => {
  for (const path of [LARGEST, `${DIRECTORY}/99999999999999999999.seg`]) {
    for (const contents of [new Uint8Array(0), new Uint8Array(2000)]) {
      const files = await written(3, true);
      files.put(path, contents);
      assertEquals((await verified(files)).damages, [`${path} 0+${contents.length}`]);
      assertEquals((await printed(files)).frames, expected(0, 3));
      const { end, pendingFrames } = await summarizeJournal(files, DIRECTORY);
      assertEquals([end, pendingFrames], [3, 3]);
      const fixed = files.afterCrash();
      const aside = `${DIRECTORY}/quarantine/${path.slice(DIRECTORY.length + 1)}`;
      assertEquals((await repaired(fixed)).moved, [`${path} > ${aside}`]);
      assertEquals((await verified(fixed)).damages, []);
      const journal = await open(files);
      assertEquals(journal.end, 3);
      await appendLines(journal, 3);
      await journal.close();
      assert(files.paths().includes(aside), "it is kept");
      const again = await open(files);
      assertEquals(await readAll(again), expected(0, 6));
      await again.close();
    }
  }
});

Deno.test("an append that goes beyond the largest sequence is refused as a whole", async () => {
  const files = new MemoryFiles();
  const journal = await open(files);
  const last = Number.MAX_SAFE_INTEGER - 2;
  await journal.append([run(last, lines(0, 1), 0)]);
  const before = files.bytesOf(files.paths().find((path) => path.endsWith(".seg"))!).length;
  assertEquals(await refusal(journal, [run(last + 1, lines(1, 1), 0), run(last + 2, lines(2, 1), 0)]), "EOVERFLOW");
  assertEquals(journal.end, last + 1);
  assertEquals(files.bytesOf(files.paths().find((path) => path.endsWith(".seg"))!).length, before);
  await journal.append([run(last + 1, lines(1, 1), 0)]);
  await journal.close();
  const again = await open(files);
  assertEquals([again.end, again.recovery.pendingFrames], [Number.MAX_SAFE_INTEGER, 2]);
  assertEquals(await refusal(again, [run(again.end, lines(2, 1), 0)]), "EOVERFLOW");
  await again.close();
});

async function refusal(journal: Journal, runs: Parameters<Journal["append"]>[0]): Promise<string> {
  try {
    await journal.append(runs);
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return "appended";
}

Deno.test("a footer with numbers that no writer can have written is none", () => {
  const mark = marksOf(new Uint8Array(8)).footer;
  const good = {
    records: 1,
    base: 5,
    end: 9,
    frames: 4,
    bytes: 40,
    lowestUs: 1,
    highestUs: 2,
    cursor: 5,
    offset: SEGMENT_HEADER_BYTES,
  };
  const bytes = encodeFooter(good, mark);
  assert(decodeFooter(bytes, SEGMENT_HEADER_BYTES) !== undefined);
  // Each number is 8 bytes from 16 on; the offset has its own check.
  for (let at = 16; at < 72; at += 8) {
    const wrong = bytes.slice();
    wrong[at + 6] = 0x20;
    new DataView(wrong.buffer).setUint32(92, crc32(wrong.subarray(0, 92)), true);
    assertEquals(decodeFooter(wrong, SEGMENT_HEADER_BYTES), undefined, `byte ${at}`);
  }
});
