/** What `repair` does with each kind of damage. */
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { SpillwayError } from "../../../src/base/error.ts";
import { compact, journalOf } from "../support/compacting.ts";
import { appendLines, DIRECTORY, line, lineFramer, open, readAll, run } from "../support/rig.ts";
import { FOOTER_BYTES, RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES } from "../../../src/journal/files/format/segment.ts";
import { createFramer, type Framing } from "../../../src/framing/framing.ts";
import { framingText } from "../../../src/framing/text.ts";
import { lockCompaction, lockJournal } from "../../../src/journal/files/directory/lock.ts";
import { surveyJournal } from "../../../src/journal/files/directory/survey_journal.ts";
import { examine } from "../support/check_recovered.ts";
import { printed, repaired } from "../support/repair_journal.ts";
import { type Sample, sample } from "../support/sample.ts";
import { verified } from "../support/verify_journal.ts";

const RECORD = RECORD_HEADER_BYTES + line(0).length;
const at = (record: number) => SEGMENT_HEADER_BYTES + record * RECORD;
const CLEAN = { damages: [] as readonly string[] };

async function assertClean(files: MemoryFiles): Promise<void> {
  assertEquals({ damages: (await verified(files)).damages }, CLEAN);
}

const sequences = async (files: MemoryFiles) => (await printed(files)).frames.map(({ sequence }) => sequence);

Deno.test("a journal with nothing wrong is left alone, byte for byte, and so is what a kill has left unfinished", async () => {
  for (const cut of [0, 5]) {
    const { files, segments } = await sample({ shape: "small", sealed: false });
    const last = files.bytesOf(segments[2]);
    files.put(segments[2], last.slice(0, last.length - cut));
    const before = contentsOf(files);
    assertEquals(await repaired(files), { moved: [], failed: [], cursor: undefined });
    assertEquals(contentsOf(files), before);
  }
});

Deno.test("a damaged payload and a damaged record header go to quarantine as they are, the rest moves together", async () => {
  const { files, segments } = await sample({ shape: "small", sealed: true });
  const bytes = files.bytesOf(segments[1]);
  const before = bytes.slice();
  bytes[at(1) + RECORD_HEADER_BYTES] ^= 1;
  bytes[at(3) + 20] ^= 1;
  const damaged = bytes.slice();
  assertEquals((await repaired(files)).moved, [
    `${segments[1]} ${at(1)}+${RECORD} > /j/quarantine/00000000000000000004-${at(1)}.bad`,
    `${segments[1]} ${at(3)}+${RECORD} > /j/quarantine/00000000000000000004-${at(3)}.bad`,
  ]);
  for (const record of [1, 3]) {
    const copy = files.bytesOf(`/j/quarantine/00000000000000000004-${at(record)}.bad`);
    assertEquals(copy, damaged.slice(at(record), at(record + 1)));
  }
  const rest = files.bytesOf(segments[1]);
  assertEquals(rest.slice(0, at(1)), before.slice(0, at(1)));
  assertEquals(rest.slice(at(1), at(2)), before.slice(at(2), at(3)));
  assertEquals(rest.length, at(2) + FOOTER_BYTES);
  await assertClean(files);
  const { frames, losses } = await printed(files);
  assertEquals(frames.map(({ sequence }) => sequence), [0, 1, 2, 3, 4, 6, 8, 9, 10, 11]);
  assertEquals(losses, ["missing", "missing"]);
});

Deno.test("a damaged footer is written anew, and counts what is there", async () => {
  const { files, segments } = await sample({ shape: "holes", sealed: true });
  const before = files.bytesOf(segments[0]).slice();
  files.bytesOf(segments[0])[before.length - 20] ^= 1;
  await repaired(files);
  assertEquals(files.bytesOf(segments[0]), before);
  await assertClean(files);
});

Deno.test("a damaged header is made anew: the name's base, the records' salt, the neighbours' framing", async () => {
  for (const place of [20, 35, 60, 400]) {
    const { files, segments } = await sample({ shape: "holes", sealed: true, cursor: 2 });
    const { segments: [, before] } = await surveyJournal(files, DIRECTORY, lineFramer);
    files.bytesOf(segments[1])[place] ^= 1;
    await repaired(files);
    await assertClean(files);
    const { segments: [, { header }] } = await surveyJournal(files, DIRECTORY, lineFramer);
    assertEquals(header!.base, before.base);
    assertEquals(header!.salt, before.header!.salt);
    assertEquals(header!.framing, before.header!.framing);
    assertEquals(header!.previousEnd, before.header!.previousEnd);
    assert(header!.cursor <= 2);
  }
});

const FRAMINGS: readonly (readonly [Framing, readonly string[]])[] = [
  [{ type: "line", delimiter: Uint8Array.of(10), maxFrame: 1048576 }, ["a\n", "bc\n", "def\n"]],
  [{ type: "octet-count", maxFrame: 1048576 }, ["3 ab\n", "2 c\n", "5 defg\n"]],
  [{ type: "delimited", start: Uint8Array.of(11), end: Uint8Array.of(28, 13), maxFrame: 1048576 }, [
    "\x0bab\n\x1c\r",
    "\x0bcd\n\x1c\r",
    "\x0be\n\x1c\r",
  ]],
  [
    { type: "length-prefix", width: 4, endian: "big", offset: 0, includesHeader: false, maxFrame: 1048576 },
    ["\0\0\0\x03ab\n", "\0\0\0\x01\n", "\0\0\0\x02c\n"],
  ],
  [
    { type: "length-prefix", width: 2, endian: "little", offset: 0, includesHeader: true, maxFrame: 1048576 },
    ["\x05\0ab\n", "\x03\0\n", "\x04\0c\n"],
  ],
  [{ type: "raw" }, ["a", "b", "\n"]],
  [{ type: "fixed", size: 5 }, ["abcde", "fghij", "klmno", "pqrst", "uvwxy", "zabcd", "efghi", "jklmn"]],
];

for (const [framing, frames] of FRAMINGS) {
  Deno.test(`framing ${framingText(framing)} is told from the records where no other header says it`, async () => {
    const files = new MemoryFiles();
    const journal = await open(files, { framer: createFramer(framing) });
    await journal.append([run(0, frames.slice(0, 1))]);
    await journal.append([run(1, frames.slice(1), 1e6)]);
    await journal.close();
    const [path] = files.paths().filter((each) => each.endsWith(".seg"));
    const before = files.bytesOf(path).slice();
    files.bytesOf(path)[70] ^= 1;
    assertEquals((await repaired(files)).failed, []);
    await assertClean(files);
    const { segments: [{ header }] } = await surveyJournal(files, DIRECTORY, lineFramer);
    assertEquals(header!.framing, framingText(framing));
    assertEquals((await printed(files)).frames.map(({ text }) => text), frames);
    assertEquals(files.bytesOf(path).slice(SEGMENT_HEADER_BYTES), before.slice(SEGMENT_HEADER_BYTES));
  });
}

Deno.test("a framing that cannot be told is asked for, and nothing is changed until it is given", async () => {
  const framing: Framing = { type: "line", delimiter: Uint8Array.of(0x7c), maxFrame: 1048576 };
  const files = new MemoryFiles();
  const journal = await open(files, { framer: createFramer(framing) });
  await journal.append([run(0, ["a|", "bcd|"])]);
  await journal.close();
  const [path] = files.paths().filter((each) => each.endsWith(".seg"));
  files.bytesOf(path)[70] ^= 1;
  const before = files.bytesOf(path).slice();
  const refused = await repaired(files);
  assertEquals(refused.failed, [`${path}: ${path}: the header is damaged, and no known framing cuts what is in it`]);
  const wrong = await repaired(files, { framing: { type: "line", delimiter: Uint8Array.of(10), maxFrame: 1048576 } });
  assertEquals(wrong.failed, [
    `${path}: ${path}: framing line delimiter=0a max_frame=1048576 cuts a record into 0 frames, it has 2`,
  ]);
  assertEquals(files.bytesOf(path), before);
  assertEquals((await repaired(files, { framing })).failed, []);
  await assertClean(files);
  assertEquals((await printed(files)).frames.map(({ text }) => text), ["a|", "bcd|"]);
});

Deno.test("a segment of which nothing can be read is in quarantine as a whole, and its sequences are not used again", async () => {
  for (const index of [0, 1, 2]) {
    const { files, segments } = await sample({ shape: "small", sealed: true });
    const garbage = files.bytesOf(segments[index]).fill(0x55).slice();
    await repaired(files);
    const base = String(index * 4).padStart(20, "0");
    assertEquals(files.bytesOf(`/j/quarantine/${base}-0.bad`), garbage);
    assertEquals(files.bytesOf(segments[index]).length, SEGMENT_HEADER_BYTES);
    await assertClean(files);
    const journal = await open(files);
    assertEquals(journal.end, index === 2 ? 8 : 12);
    await journal.close();
  }
});

Deno.test("the sequences of frames that are lost at the journal's end are not used again", async () => {
  for (const sealed of [true, false]) {
    const { files, segments } = await sample({ shape: "small", sealed });
    for (const record of [2, 3]) files.bytesOf(segments[2])[at(record) + RECORD_HEADER_BYTES] ^= 1;
    await repaired(files);
    await assertClean(files);
    assertEquals(files.paths().includes("/j/00000000000000000012.seg"), true);
    const journal = await open(files);
    assertEquals([journal.end, journal.recovery.pendingFrames], [12, 10]);
    await appendLines(journal, 2);
    await journal.close();
    assertEquals(await sequences(files), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13]);
    assertEquals((await printed(files)).losses, ["missing"]);
    assertEquals((await repaired(files)).moved, []);
  }
});

Deno.test("what is unfinished stays behind repaired records, for the daemon to cut off", async () => {
  const { files, segments, frames } = await sample({ shape: "small", sealed: false });
  const bytes = files.bytesOf(segments[2]);
  files.put(segments[2], Uint8Array.of(...bytes, ...bytes.slice(at(3), at(3) + 40)));
  files.bytesOf(segments[2])[at(1) + 30] ^= 1;
  await repaired(files);
  await assertClean(files);
  assertEquals(files.bytesOf(segments[2]).length, at(3) + 40);
  const { truncatedBytes } = await examine(files, frames, "unfinished");
  assertEquals(truncatedBytes, 40);
});

Deno.test("behind records that are lost, what is unfinished goes with them", async () => {
  const { files, segments } = await sample({ shape: "small", sealed: false });
  const bytes = files.bytesOf(segments[2]);
  files.put(segments[2], Uint8Array.of(...bytes, ...bytes.slice(at(3), at(3) + 40)));
  files.bytesOf(segments[2])[at(3) + RECORD_HEADER_BYTES] ^= 1;
  assertEquals((await repaired(files)).moved.length, 2);
  await assertClean(files);
  const journal = await open(files);
  assertEquals(journal.end, 12);
  await journal.close();
});

Deno.test("other damage of the same size at the same place is kept beside the first", async () => {
  const { files, segments } = await sample({ shape: "small", sealed: true });
  const kept: Uint8Array[] = [];
  for (let round = 0; round < 3; round++) {
    files.bytesOf(segments[0])[at(1) + RECORD_HEADER_BYTES] ^= 1;
    kept.push(files.bytesOf(segments[0]).slice(at(1), at(2)));
    await repaired(files);
  }
  const path = `/j/quarantine/00000000000000000000-${at(1)}.bad`;
  assertEquals([path, `${path}.1`, `${path}.2`].map((each) => files.bytesOf(each)), kept);
  assertEquals(await sequences(files), [0, 4, 5, 6, 7, 8, 9, 10, 11]);
});

Deno.test("one bad slot of the cursor is written anew from the good one; with none, the newest record says where", async () => {
  for (
    const [name, slots, expected] of [
      ["newer", ["newer"], 7],
      ["older", ["older"], 9],
      ["both", ["newer", "older"], 7],
    ] as const
  ) {
    const { files } = await cursors();
    const before = files.bytesOf("/j/cursor");
    const newer = before[16] > before[4096 + 16] ? 0 : 4096;
    for (const slot of slots) before[(slot === "newer" ? newer : 4096 - newer) + 25] ^= 1;
    assertEquals((await repaired(files)).cursor, expected, name);
    await assertClean(files);
    const journal = await open(files);
    assertEquals(journal.cursor, expected, name);
    await journal.close();
  }
});

/** Twelve frames; the cursor was at 7 when the last segment was sealed, and is at 9. */
async function cursors(): Promise<{ files: MemoryFiles }> {
  const files = new MemoryFiles();
  for (const [count, cursor] of [[4, 3], [4, 5], [4, 7], [0, 9]]) {
    const journal = await open(files, { retainMs: 1e9 });
    await appendLines(journal, count);
    journal.confirm(cursor);
    await journal.close();
  }
  return { files };
}

Deno.test("zeros of the cursor file that are none any more are put aside, and cost nothing", async () => {
  const { files } = await cursors();
  const before = files.bytesOf("/j/cursor").slice();
  for (const place of [100, 1000, 4096 + 300]) files.bytesOf("/j/cursor")[place] ^= 1;
  const { moved, cursor } = await repaired(files);
  assertEquals(moved.map((text) => text.split(" ")[1]), ["64+448", "512+3584", "4160+448"]);
  assertEquals(cursor, undefined);
  assertEquals(files.bytesOf("/j/cursor"), before);
});

Deno.test("half a cursor that is repaired makes no loss of segments that were delivered and removed", async () => {
  const { files, segments, frames } = await sample({ shape: "small", sealed: true, cursor: 2 });
  files.remove(segments[0]);
  const bytes = files.bytesOf("/j/cursor");
  bytes[bytes[16] > bytes[4096 + 16] ? 25 : 4096 + 25] ^= 1;
  assertEquals((await repaired(files)).cursor, 4);
  assertEquals((await examine(files, frames, "half a cursor")).damages, []);
});

Deno.test("a cursor that is repaired does not pass frames that the repair has put aside", async () => {
  const { files, segments } = await sample({ shape: "small", sealed: true });
  files.bytesOf(segments[0]).fill(0x55, SEGMENT_HEADER_BYTES);
  for (const slot of [0, 4096]) files.bytesOf("/j/cursor")[slot + 25] ^= 1;
  assertEquals((await repaired(files)).cursor, 0);
  assertEquals((await verified(files)).missing, [`${segments[1]} ${SEGMENT_HEADER_BYTES} 0-4`]);
});

Deno.test("with --dry-run nothing is changed or locked", async () => {
  const { files, segments } = await sample({ shape: "small", sealed: true });
  files.bytesOf(segments[0])[at(1) + 70] ^= 1;
  files.bytesOf("/j/cursor")[4096 + 25] ^= 1;
  const journal = await open(files.afterCrash());
  const before = files.log.length;
  const { moved } = await repaired(files, { dryRun: true });
  assertEquals(moved, [`${segments[0]} ${at(1)}+${RECORD} > undefined`, "/j/cursor 4096+512 > undefined"]);
  const operations = new Set(files.log.slice(before).map((entry) => entry.split(" ")[0]));
  assertEquals([...operations].sort(), ["list", "open", "read", "stat"]);
  await journal.close();
});

Deno.test("a daemon or a compaction that is at work is named, with exit code 75", async () => {
  for (const [lock, taken] of [[lockJournal, "in use"], [lockCompaction, "being compacted or repaired"]] as const) {
    const { files } = await sample({ shape: "small", sealed: true });
    const held = await lock(files, DIRECTORY, "pid 77, route feed");
    const error = await assertRejects(() => repaired(files), SpillwayError);
    assertEquals([error.message, error.exit], [`journal /j: ${taken} by pid 77, route feed`, 75]);
    held.close();
    // Neither is kept by a repair that is over.
    await repaired(files);
    (await lockJournal(files, DIRECTORY, "again")).close();
    (await lockCompaction(files, DIRECTORY, "again")).close();
  }
});

Deno.test("bytes that the disk does not give are not replaced: the segment stays, and the others are repaired", async () => {
  const { files, segments } = await sample({ shape: "small", sealed: true });
  files.bytesOf(segments[1])[at(1) + 70] ^= 1;
  const before = files.bytesOf(segments[0]).slice();
  files.plan = (operation, path) => operation === "read" && path === segments[0] ? { code: "EIO" } : undefined;
  const { moved, failed } = await repaired(files);
  assertEquals(failed, [`${segments[0]}: read ${segments[0]}: input/output error (EIO)`]);
  assertEquals(moved.length, 1);
  assertEquals(files.bytesOf(segments[0]), before);
});

Deno.test("on a full disk nothing is changed, and no half copy stays", async () => {
  const original = await damagedInAllWays();
  const needed = await spaceFor(original);
  let failures = 0;
  for (let free = 0; free < needed; free += 97) {
    const files = original.afterCrash();
    const before = segmentsAndCursor(files);
    files.enforceSpace = true;
    files.free = used(files) + free;
    const { failed } = await repaired(files);
    failures += failed.length;
    const after = segmentsAndCursor(files);
    for (const [path, bytes] of before) {
      const isRepaired = !failed.some((text) => text.startsWith(`${path}:`));
      if (!isRepaired) assertEquals(after.get(path), bytes, `${path}, ${free} bytes free`);
    }
    assertEquals(files.paths().filter((path) => path.endsWith(".tmp")), []);
    files.enforceSpace = false;
    assertEquals((await repaired(files)).failed, []);
    await assertClean(files);
  }
  assert(failures > 10);
});

/** Header, record header, payload, footer, cursor: each damaged somewhere. */
async function damagedInAllWays(): Promise<MemoryFiles> {
  const { files, segments }: Sample = await sample({ shape: "small", sealed: true });
  files.bytesOf(segments[0])[20] ^= 1;
  files.bytesOf(segments[0])[at(2) + 20] ^= 1;
  files.bytesOf(segments[1])[at(1) + 70] ^= 1;
  files.bytesOf(segments[2])[at(4) + 20] ^= 1;
  files.bytesOf("/j/cursor")[4096 + 25] ^= 1;
  return files;
}

async function spaceFor(original: MemoryFiles): Promise<number> {
  const files = original.afterCrash();
  await repaired(files);
  return used(files) - used(original) + 4096;
}

function used(files: MemoryFiles): number {
  return files.paths().reduce((sum, path) => sum + files.bytesOf(path).length, 0);
}

function segmentsAndCursor(files: MemoryFiles): Map<string, Uint8Array> {
  const paths = files.paths().filter((path) => /^\/j\/(\d+\.seg|cursor)$/.test(path));
  return new Map(paths.map((path) => [path, files.bytesOf(path).slice()]));
}

function contentsOf(files: MemoryFiles): [string, Uint8Array][] {
  const paths = files.paths().filter((path) => !path.endsWith("lock"));
  return paths.map((path) => [path, files.bytesOf(path).slice()]);
}

Deno.test("files that an interrupted write has left are set aside, as at a start of the daemon", async () => {
  const { files, segments } = await sample({ shape: "small", sealed: true });
  files.put(`${segments[1]}.tmp`, Uint8Array.of(1, 2));
  assertEquals((await repaired(files)).moved, [`${segments[1]}.tmp > /j/quarantine/00000000000000000004.seg.tmp`]);
  assertEquals(files.bytesOf("/j/quarantine/00000000000000000004.seg.tmp"), Uint8Array.of(1, 2));
});

Deno.test("a daemon that opens a repaired journal delivers all that is left, in order", async () => {
  const files = await damagedInAllWays();
  await repaired(files);
  const journal = await open(files);
  assertEquals((await readAll(journal)).map(({ sequence }) => sequence), [0, 1, 3, 4, 6, 7, 8, 9, 10, 11]);
  await journal.close();
});

Deno.test("with --dry-run, segments that a compaction makes one of meanwhile are not damaged", async () => {
  const files = await journalOf(5, 20);
  const later = files.afterCrash();
  await compact(later);
  let opened = 0;
  files.plan = (operation, path) => {
    // Listed twice, and then to be looked at.
    if (operation !== "open" || path !== "/j/00000000000000000000.seg" || ++opened !== 3) return undefined;
    for (const each of files.paths()) if (!later.paths().includes(each)) files.remove(each);
    for (const each of later.paths()) files.put(each, later.bytesOf(each));
    return { code: "ENOENT" };
  };
  assertEquals(await repaired(files, { dryRun: true }), { moved: [], failed: [], cursor: undefined });
  assertEquals(opened, 3);
});

Deno.test("a cursor file that ends too early, with something in a wrong place, is repaired", async () => {
  const { files } = await cursors();
  const bytes = files.bytesOf("/j/cursor").slice(0, 1000);
  bytes[900] = 1;
  files.put("/j/cursor", bytes);
  const { moved, failed } = await repaired(files);
  assertEquals([moved, failed], [["/j/cursor 512+488 > /j/quarantine/cursor-512.bad"], []]);
  await assertClean(files);
});
