/** What a compaction leaves of a journal, alone and beside the daemon. */
import { SpillwayError } from "../../../src/base/error.ts";
import { CompressedSegment } from "../../../src/journal/files/segment/compressed_file.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import {
  compact,
  journalOf,
  names,
  PADDING,
  sequences,
  sequencesIn,
  sizeOf,
  strangers,
} from "../support/compacting.ts";
import { appendLines, DIRECTORY, lines, ManualClock, open, readAll, run } from "../support/rig.ts";

Deno.test("delivered segments become one compressed file, the rest is left as it is, and the report is true", async () => {
  const files = await journalOf(6, 17);
  const before = sizeOf(files);
  assertEquals(names(files), ["0.seg", "4.seg", "8.seg", "12.seg", "16.seg", "20.seg"]);
  const report = await compact(files);
  assertEquals(names(files), ["0.seg.zst", "16.seg", "20.seg"]);
  assertEquals(await sequencesIn(files), sequences(0, 24));
  assertEquals(strangers(files), []);
  assertEquals([report.segmentsBefore, report.segmentsAfter], [6, 3]);
  assertEquals([report.bytesBefore, report.bytesAfter], [before, sizeOf(files)]);
  assert(report.bytesAfter < before * 0.6, `${report.bytesAfter} of ${before} bytes`);
  assertEquals([report.rewritten.segments, report.into.segments, report.warnings], [4, 1, []]);
});

/** What was changed since `before`; who has the lock is noted each time. */
function changesIn(files: MemoryFiles, before: number): string[] {
  return files.log.slice(before).filter((entry) =>
    /^(write|rename|unlink|truncate)/.test(entry) && !entry.endsWith("/compact.lock")
  );
}

Deno.test("a second run changes nothing and writes nothing", async () => {
  const files = await journalOf(6, 17);
  await compact(files);
  const paths = files.paths();
  const before = files.log.length;
  const report = await compact(files);
  assertEquals(changesIn(files, before), []);
  assertEquals(files.paths(), paths);
  assertEquals([report.removed.segments, report.rewritten.segments], [0, 0]);
});

Deno.test("nothing that is pending, wanted for rewind or newest is touched", async () => {
  for (
    const [cursor, rewindBytes, wanted] of [
      [3, 0, ["0.seg", "4.seg", "8.seg", "12.seg"]],
      [16, 0, ["0.seg.zst", "12.seg"]],
      [12, 1, ["0.seg.zst", "8.seg", "12.seg"]],
      [12, 1e9, ["0.seg", "4.seg", "8.seg", "12.seg"]],
    ] as const
  ) {
    const files = await journalOf(4, cursor);
    await compact(files, { rewindBytes });
    assertEquals(names(files), [...wanted], `cursor ${cursor}, rewind ${rewindBytes}`);
  }
});

Deno.test("without a cursor that says what is delivered, nothing is done", async () => {
  const files = await journalOf(4, 16);
  files.remove(`${DIRECTORY}/cursor`);
  await compact(files, { retainMs: 0, maxBytes: 1 });
  assertEquals(names(files), ["0.seg", "4.seg", "8.seg", "12.seg"]);
});

Deno.test("what is past its retention goes, and the cursor is synced before", async () => {
  const files = await journalOf(4, 9);
  const before = files.log.length;
  const report = await compact(files, { retainMs: 0 });
  assertEquals(names(files), ["8.seg", "12.seg"]);
  assertEquals(report.removed.segments, 2);
  const log = files.log.slice(before);
  const sync = log.indexOf("sync /j/cursor");
  assert(sync >= 0 && sync < log.findIndex((entry) => entry.startsWith("unlink")), log.join("\n"));
});

Deno.test("a dry run says what would be removed and rewritten, and changes nothing, not even a lock", async () => {
  const files = await journalOf(5, 20);
  const paths = files.paths();
  const report = await compact(files, { maxBytes: sizeOf(files) - 1 }, { dryRun: true });
  assertEquals(files.paths(), paths);
  assertEquals([report.removed.segments, report.rewritten.segments], [1, 3]);
});

Deno.test("a journal whose cursor is lost is delivered from its compressed segments", async () => {
  const files = await journalOf(6, 20);
  await compact(files);
  files.remove(`${DIRECTORY}/cursor`);
  const journal = await open(files, { retainMs: 1e12 });
  assertEquals((await readAll(journal, 0)).map(({ sequence }) => sequence), sequences(0, 24));
  await journal.close();
});

Deno.test("what would not become smaller is left as it is, after reading a part of it", async () => {
  const files = new MemoryFiles();
  const clock = new ManualClock();
  const journal = await open(files, { clock, retainMs: 1e12, segmentBytes: 4 * 1024 * 1024 });
  const noise = new Uint8Array(256 * 1024);
  for (let i = 0, state = 1; i < noise.length; i++) noise[i] = (state = state * 48271 % 2147483647) & 0xff;
  for (let i = 0; i < noise.length; i++) if (noise[i] === 10) noise[i] = 11;
  noise[noise.length - 1] = 10;
  const one = run(0, ["x"]);
  for (let i = 0; i < 20; i++) {
    await journal.append([
      { ...one, buffer: { ...one.buffer, bytes: noise }, end: noise.length, first: i } as typeof one,
    ]);
  }
  journal.confirm(20);
  await clock.advance(100);
  await journal.close();
  const before = files.log.length;
  const report = await compact(files);
  assertEquals(report.incompressible.segments, 1);
  assertEquals(changesIn(files, before), []);
  const log = files.log.slice(before);
  assert(log.filter((entry) => entry === "read /j/00000000000000000000.seg").length < 10, log.join("\n"));
});

Deno.test("a damaged segment is left alone with a warning, its neighbours are compacted", async () => {
  const files = await journalOf(8, 28);
  files.bytesOf("/j/00000000000000000012.seg")[700] ^= 1;
  const report = await compact(files);
  assertEquals(names(files), ["0.seg.zst", "12.seg", "16.seg.zst", "28.seg"]);
  assertEquals(report.warnings.length, 1);
  assert(/12\.seg: damaged at byte \d+.*spillway verify/.test(report.warnings[0]), report.warnings[0]);
  assertEquals((await compact(files)).warnings.length, 1, "it stays so");
});

Deno.test("merging keeps sequences, times and holes, and cuts what a later segment has again", async () => {
  const files = await journalOf(2, 8);
  // The same frames again from 6 on, as after a sync that failed: written by a journal that ended there.
  const other = new MemoryFiles();
  const clock = new ManualClock();
  const journal = await open(other, { clock, randomBytes: () => new Uint8Array(8).fill(0x42) });
  await journal.append([run(6, lines(6, 6, PADDING))]);
  await journal.close();
  files.put("/j/00000000000000000006.seg", other.bytesOf("/j/00000000000000000006.seg"));
  const last = await open(files, { clock, retainMs: 1e12 });
  last.confirm(12);
  await last.append([run(20, lines(20, 1, PADDING))]);
  await clock.advance(100);
  await last.close();
  const all = [...sequences(0, 12), 20];
  assertEquals(await sequencesIn(files), all);
  await compact(files);
  assertEquals(names(files), ["0.seg.zst", "20.seg"]);
  assertEquals(await sequencesIn(files), all);
  const view = await CompressedSegment.open(files, "/j/00000000000000000000.seg.zst");
  assert(await view.size() < 12 * (PADDING.length + 80) + 700, "what was cut is not there twice");
  view.close();
});

Deno.test("two framings do not become one segment", async () => {
  const { createFramer } = await import("../../../src/framing/framing.ts");
  const files = await journalOf(2, 8);
  const framer = createFramer({ type: "fixed", size: 300 });
  for (let i = 0; i < 2; i++) {
    const clock = new ManualClock();
    const journal = await open(files, { clock, framer, retainMs: 1e12 });
    await journal.append([run(journal.end, ["y".repeat(300)])]);
    journal.confirm(journal.end);
    await clock.advance(100);
    await journal.close();
  }
  await journalOf(1, 0, files);
  await compact(files);
  assertEquals(names(files), ["0.seg.zst", "8.seg.zst", "10.seg"]);
});

Deno.test("a second compaction at the same time is told so, exit code 75", async () => {
  const files = await journalOf(4, 16);
  const first = compact(files);
  const error = await assertRejects(() => compact(files), SpillwayError, "/j: being compacted or repaired");
  assertEquals(error.exit, 75);
  await first;
  await compact(files);
});

Deno.test("a full disk costs a warning: the original stays, nothing is left behind, and it is done later", async () => {
  const files = await journalOf(4, 12);
  files.plan = (operation, path) =>
    operation === "write" && path.endsWith(".tmp") ? { code: "ENOSPC", written: 100 } : undefined;
  const report = await compact(files);
  assertEquals(names(files), ["0.seg", "4.seg", "8.seg", "12.seg"]);
  assertEquals(strangers(files), []);
  assert(/0\.seg: not compressed: .*no space left/.test(report.warnings[0]), report.warnings.join());
  files.plan = () => undefined;
  await compact(files);
  assertEquals(names(files), ["0.seg.zst", "12.seg"]);
});

Deno.test("what does not read back as it was written never takes the place of anything", async () => {
  const files = await journalOf(4, 12);
  files.plan = (operation, path) => {
    if (operation === "sync" && path.endsWith("/compact.tmp")) files.bytesOf(path)[200] ^= 1;
    return undefined;
  };
  const report = await compact(files);
  assert(/does not read back/.test(report.warnings[0]), report.warnings.join());
  assertEquals(names(files), ["0.seg", "4.seg", "8.seg", "12.seg"]);
  assertEquals(strangers(files), []);
});

Deno.test("small segments are merged up to segment_bytes and no further, and then left", async () => {
  const files = await journalOf(12, 48);
  const { length } = files.bytesOf("/j/00000000000000000000.seg");
  const segmentBytes = 4 * length + 100;
  await compact(files, { segmentBytes });
  assertEquals(names(files), ["0.seg.zst", "16.seg.zst", "32.seg.zst", "44.seg"]);
  assertEquals(await sequencesIn(files), sequences(0, 48));
  const before = files.log.length;
  await appendLines(await open(files, { retainMs: 1e12 }), 1, PADDING);
  await compact(files, { segmentBytes });
  assertEquals(
    files.log.slice(before).filter((entry) => entry.startsWith("rename")).length,
    1,
    "no other one is written again",
  );
  assertEquals(names(files), ["0.seg.zst", "16.seg.zst", "32.seg.zst", "44.seg.zst", "48.seg"]);
});

Deno.test("a file of no bytes, which verify and repair have nothing against, is no warning", async () => {
  const files = await journalOf(4, 12);
  files.put("/j/00000000000000000004.seg", new Uint8Array(0));
  assertEquals((await compact(files)).warnings, []);
  files.put("/j/00000000000000000004.seg", new Uint8Array(100));
  assertEquals((await compact(files)).warnings, [
    "/j/00000000000000000004.seg: damaged, left as it is; see spillway verify and repair",
  ]);
});

Deno.test("a cursor of which nothing can be read is a warning: nothing is known to be delivered, and nothing is touched", async () => {
  const files = await journalOf(4, 12);
  for (const slot of [0, 4096]) files.bytesOf("/j/cursor")[slot + 30] ^= 1;
  assertEquals((await compact(files)).warnings, [
    "/j/cursor: damaged, what is delivered is not known; see spillway verify and repair",
  ]);
  assertEquals(names(files), ["0.seg", "4.seg", "8.seg", "12.seg"]);
  files.remove("/j/cursor");
  assertEquals((await compact(files)).warnings, []);
});
