/** Frames that are appended are read back in order. */
import { assert, assertEquals } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { createFramer, type Framing } from "../../../src/framing/framing.ts";
import { findSegments } from "../../../src/journal/files/archive/find_segments.ts";
import { scanJournal } from "../../support/scan_journal.ts";
import {
  appendLines,
  DIRECTORY,
  expected,
  line,
  lineFramer,
  lines,
  ManualClock,
  open,
  pool,
  readAll,
  run,
} from "../support/rig.ts";

Deno.test("a new journal is empty, clean and begins at sequence 0", async () => {
  const files = new MemoryFiles();
  const journal = await open(files);
  assertEquals([journal.end, journal.cursor, (await journal.usage()).segments], [0, 0, 0]);
  assertEquals(journal.recovery, {
    clean: true,
    unreadFrames: 0,
    atRiskBytes: 0,
    pendingFrames: 0,
    pendingBytes: 0,
    truncatedBytes: 0,
  });
  assertEquals(await readAll(journal), []);
  await journal.close();
});

Deno.test("what was appended is read back in order, record by record and from every sequence", async () => {
  const files = new MemoryFiles();
  const journal = await open(files);
  await journal.append([run(0, lines(0, 3)), run(3, lines(3, 4)), run(7, lines(7, 1))]);
  await journal.append([run(8, lines(8, 12))]);
  for (let from = 0; from <= 20; from++) assertEquals(await readAll(journal, from), expected(from, 20));
  await journal.close();
});

Deno.test("segments are changed when full, and reading goes through all of them", async () => {
  const files = new MemoryFiles();
  const journal = await open(files, { segmentBytes: 1024 });
  await appendLines(journal, 100);
  assert((await journal.usage()).segments > 5);
  for (const from of [0, 1, 37, 98, 99, 100]) assertEquals(await readAll(journal, from), expected(from, 100));
  await journal.close();

  const again = await open(files, { segmentBytes: 1024 });
  assertEquals(again.end, 100);
  assertEquals(again.recovery.clean, true);
  assertEquals(again.recovery.pendingFrames, 100);
  assertEquals(again.recovery.pendingBytes, lines(0, 100).join("").length);
  assertEquals(await readAll(again), expected(0, 100));
  await appendLines(again, 10);
  assertEquals(await readAll(again), expected(0, 110));
  await again.close();
});

Deno.test("a reader at the end sees what is appended later, also in a new segment", async () => {
  const files = new MemoryFiles();
  const journal = await open(files, { segmentBytes: 700 });
  const reader = journal.reader(pool());
  for (let i = 0; i < 30; i++) {
    assertEquals(await reader.next(true), undefined);
    await appendLines(journal, 1);
    const batch = (await reader.next(true))!;
    assertEquals([batch.first, batch.frames, batch.end - batch.start], [i, 1, line(i).length]);
    batch.buffer.release();
  }
  reader.close();
  await journal.close();
});

Deno.test("small runs that arrive within 10 ms become one record, later ones another", async () => {
  const files = new MemoryFiles();
  const journal = await open(files);
  await journal.append([run(0, [line(0)], 1000), run(1, [line(1)], 11_000), run(2, [line(2)], 11_001)]);
  const reader = journal.reader(pool());
  const batch = (await reader.next(true))!;
  assertEquals(batch.parts.map(({ first, frames }) => ({ first, frames })), [{ first: 0, frames: 2 }, {
    first: 2,
    frames: 1,
  }]);
  batch.buffer.release();
  reader.close();
  await journal.close();
});

for (const second of [7_200_000_000, 0]) {
  Deno.test(`A run from after a step of the clock is no part of a record from before it: ${second} after 3600000000`, async () => {
    const journal = await open(new MemoryFiles());
    await journal.append([run(0, [line(0)], 3_600_000_000), run(1, [line(1)], second)]);
    const reader = journal.reader(pool());
    const batch = (await reader.next(true))!;
    assertEquals(batch.parts.map(({ first, arrivedUs }) => ({ first, arrivedUs })), [
      { first: 0, arrivedUs: 3_600_000_000 },
      { first: 1, arrivedUs: second },
    ]);
    batch.buffer.release();
    reader.close();
    await journal.close();
  });
}

Deno.test("what lies between the end and a later append is a declared hole and no loss", async () => {
  const files = new MemoryFiles();
  const journal = await open(files);
  const damages: unknown[] = [];
  journal.onDamage = (damage) => damages.push(damage);
  await appendLines(journal, 5);
  await journal.append([run(50, lines(50, 5))]);
  assertEquals(await readAll(journal), [...expected(0, 5), ...expected(50, 55)]);
  assertEquals(await readAll(journal, 20), expected(50, 55));
  assertEquals(damages, []);
  await journal.close();
});

Deno.test("the cursor is written within 100 ms and found again, clean or not", async () => {
  const files = new MemoryFiles();
  const clock = new ManualClock();
  const journal = await open(files, { clock });
  await appendLines(journal, 10);
  await journal.boundRisk(777);
  journal.confirm(4);
  await clock.advance(100);
  const killed = await open(files.afterCrash());
  assertEquals([killed.cursor, killed.end], [4, 10]);
  assertEquals(killed.recovery, {
    clean: false,
    unreadFrames: 0,
    atRiskBytes: 777,
    pendingFrames: 6,
    pendingBytes: lines(4, 6).join("").length,
    truncatedBytes: 0,
  });
  assertEquals(await readAll(killed), expected(4, 10));
  await killed.close();
  journal.confirm(7);
  await journal.boundRisk(0);
  await journal.close();
  const stopped = await open(files.afterPowerLoss());
  assertEquals([stopped.cursor, stopped.recovery.clean, stopped.recovery.atRiskBytes], [7, true, 0]);
  await stopped.close();
});

Deno.test("a cursor ahead of the data is where the next frame is numbered", async () => {
  const files = new MemoryFiles();
  const journal = await open(files);
  await appendLines(journal, 3);
  journal.confirm(40);
  await journal.close();
  const again = await open(files);
  assertEquals([again.end, again.cursor, again.recovery.pendingFrames], [40, 40, 0]);
  await again.append([run(40, lines(40, 2))]);
  assertEquals(await readAll(again), expected(40, 42));
  await again.close();
});

const FRAMINGS: readonly { readonly framing: Framing; readonly frames: readonly string[] }[] = [
  { framing: { type: "raw" }, frames: ["a", "\n", "\0", "z"] },
  { framing: { type: "line", delimiter: Uint8Array.of(13, 10), maxFrame: 100 }, frames: ["\r\n", "a\r\n", "b\n\r\n"] },
  {
    framing: { type: "length-prefix", width: 2, endian: "big", offset: 1, includesHeader: false, maxFrame: 100 },
    frames: ["x\0\0", "x\0\x03abc", "y\0\x01\n"],
  },
  { framing: { type: "octet-count", maxFrame: 100 }, frames: ["1 a", "3 b\nc", "11 hello world"] },
  {
    framing: { type: "delimited", start: Uint8Array.of(11), end: Uint8Array.of(28, 13), maxFrame: 100 },
    frames: ["\x0b\x1c\r", "\x0bMSH|\r|x\x1c\r", "\x0ba\x1c\x1c\r"],
  },
  { framing: { type: "fixed", size: 4 }, frames: ["abcd", "efgh", "\0\0\0\0", "    "] },
];

for (const { framing, frames } of FRAMINGS) {
  Deno.test(`frames of framing ${framing.type} come back as they were, from every one of them on`, async () => {
    const files = new MemoryFiles();
    const framer = createFramer(framing);
    const journal = await open(files, { framer });
    const all = [...frames, ...frames, ...frames];
    await journal.append([run(0, frames, 0), run(frames.length, frames, 0), run(frames.length * 2, frames, 1e6)]);
    await journal.close();
    const again = await open(files, { framer });
    for (let from = 0; from < all.length; from++) {
      const delivered = await readAll(again, from);
      assertEquals(delivered, all.map((text, sequence) => ({ sequence, text })).slice(from));
      assertEquals(await again.locateBack(all.length, all.slice(from).join("").length), from);
    }
    await again.close();
  });
}

Deno.test("a changed framing starts a new segment, and both are cut by their own", async () => {
  const files = new MemoryFiles();
  const first = await open(files);
  await appendLines(first, 4);
  await first.close();
  const framer = createFramer({ type: "fixed", size: 2 });
  const second = await open(files, { framer });
  await second.append([run(4, ["ab", "c\n"])]);
  assertEquals(await readAll(second, 2), [...expected(2, 4), { sequence: 4, text: "ab" }, {
    sequence: 5,
    text: "c\n",
  }]);
  await second.close();
});

Deno.test("a frame above a max_frame that was lowered since is cut as it was when it was accepted", async () => {
  const files = new MemoryFiles();
  const lineFraming = (maxFrame: number) => createFramer({ type: "line", delimiter: Uint8Array.of(10), maxFrame });
  const texts = [line(0), line(1, "x".repeat(5000)), line(2)];
  const first = await open(files, { framer: lineFraming(65536) });
  await first.append([run(0, texts)]);
  await first.close();
  const second = await open(files, { framer: lineFraming(1024) });
  for (const [from, text] of texts.entries()) {
    assertEquals((await readAll(second, from))[0], { sequence: from, text });
  }
  const [segment] = await findSegments(files, [`${DIRECTORY}/00000000000000000000.seg`]);
  assertEquals(segment.framer.maxFrame, 65536);
  await second.close();
});

Deno.test("a record holds at most recordBytes, or one larger run", async () => {
  const files = new MemoryFiles();
  const journal = await open(files, { recordBytes: 30 });
  await journal.append([
    run(0, lines(0, 2), 0),
    run(2, lines(2, 1), 0),
    run(3, lines(3, 1), 0),
    run(4, lines(4, 9), 0),
  ]);
  const lengths: number[] = [];
  for await (const found of scanJournal(files, DIRECTORY, lineFramer)) {
    if (found.kind === "record") lengths.push(found.header.length);
  }
  assertEquals(lengths, [22, 22, 99]);
  assertEquals(await readAll(journal), expected(0, 13));
  await journal.close();
});

Deno.test("frames that no framer can cut are delivered from their record's beginning rather than not at all", async () => {
  const files = new MemoryFiles();
  const journal = await open(files);
  await journal.append([run(0, lines(0, 5))]);
  await journal.close();
  files.bytesOf("/j/00000000000000000000.seg")[70] ^= 1;
  const again = await open(files, { framer: createFramer({ type: "fixed", size: 1000 }) });
  const reader = again.reader(pool());
  reader.seek(3);
  const batch = (await reader.next(true))!;
  assertEquals([batch.first, batch.frames, batch.end - batch.start], [0, 5, lines(0, 5).join("").length]);
  batch.buffer.release();
  reader.close();
  await again.close();
});
