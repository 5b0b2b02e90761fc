/** The daemon and a compaction in one journal at the same time. */
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { CompressedSegment } from "../../../src/journal/files/segment/compressed_file.ts";
import { RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES } from "../../../src/journal/files/format/segment.ts";
import { findSegments } from "../../../src/journal/files/archive/find_segments.ts";
import { tryFilesLock } from "../../../src/journal/files/directory/files_lock.ts";
import { readArchive } from "../../../src/journal/files/archive/read_archive.ts";
import { planRead } from "../../../src/journal/files/archive/read_plan.ts";
import { surveyJournal } from "../../../src/journal/files/directory/survey_journal.ts";
import type { JournalOptions } from "../../../src/journal/journal.ts";
import { compact, journalOf, names, PADDING, sequences, sequencesIn } from "../support/compacting.ts";
import { killAt } from "../support/kill_at.ts";
import {
  appendLines,
  DIRECTORY,
  expected,
  follow,
  line,
  lineFramer,
  ManualClock,
  open,
  pool,
  readAll,
  settle,
} from "../support/rig.ts";

/** Four frames a segment. */
const SEGMENT_BYTES = SEGMENT_HEADER_BYTES + 4 * (RECORD_HEADER_BYTES + line(0, PADDING).length);

async function twentyFrames(changes: Partial<JournalOptions> = {}) {
  const files = new MemoryFiles();
  const clock = new ManualClock();
  const journal = await open(files, { clock, segmentBytes: SEGMENT_BYTES, retainMs: 10_000, ...changes });
  await appendLines(journal, 20, PADDING);
  return { files, clock, journal };
}

Deno.test("the daemon keeps a merged file until the time of all that is in it is over", async () => {
  const { files, clock, journal } = await twentyFrames();
  journal.confirm(8);
  await clock.advance(100);
  await clock.advance(4900);
  journal.confirm(17);
  await clock.advance(100);
  await compact(files);
  assertEquals(names(files), ["0.seg.zst", "16.seg"]);
  await clock.advance(5000);
  await clock.advance(100);
  // The first two would have gone now.
  assertEquals(names(files), ["0.seg.zst", "16.seg"]);
  assertEquals(
    (await journal.usage()).bytes,
    files.bytesOf(`${DIRECTORY}/00000000000000000000.seg.zst`).length + SEGMENT_BYTES,
  );
  await clock.advance(5000);
  await clock.advance(100);
  assertEquals(names(files), ["16.seg"]);
  assertEquals(await readAll(journal), expected(17, 20, PADDING));
  await journal.close();
});

Deno.test("what is compressed takes less of retain_bytes", async () => {
  const { files, clock, journal } = await twentyFrames({ retainMs: 1e9, retainBytes: 3 * SEGMENT_BYTES + 500 });
  journal.confirm(12);
  await clock.advance(100);
  await compact(files);
  assertEquals(names(files), ["0.seg.zst", "12.seg", "16.seg"]);
  journal.confirm(20);
  await clock.advance(100);
  assertEquals(names(files), ["0.seg.zst", "12.seg", "16.seg"]);
  await journal.close();
});

Deno.test("compressed files go when an append needs the room, not before", async () => {
  const { files, clock, journal } = await twentyFrames({ retainMs: 1e9, maxBytes: 8 * SEGMENT_BYTES });
  journal.confirm(16);
  await clock.advance(100);
  await compact(files);
  assertEquals(names(files), ["0.seg.zst", "16.seg"]);
  const append = async (count: number) => {
    for (let tries = 0, until = journal.end + count; journal.end < until; tries++) {
      assert(tries < 20, "it takes nothing any more");
      await appendLines(journal, until - journal.end, PADDING).catch(() => {});
      await clock.advance(100);
    }
  };
  // So much fits beside the compressed file; the list still has the sizes of before.
  await append(16);
  assertEquals(names(files)[0], "0.seg.zst");
  await append(8);
  assert(!names(files).includes("0.seg.zst"), names(files).join());
  assertEquals(await readAll(journal), expected(16, 44, PADDING));
  await journal.close();
});

Deno.test("the daemon removes nothing while a compaction replaces files, and does it afterwards", async () => {
  const { files, clock, journal } = await twentyFrames({ retainMs: 0 });
  const lock = await tryFilesLock(files, DIRECTORY);
  journal.confirm(17);
  for (let i = 0; i < 3; i++) await clock.advance(100);
  assertEquals(names(files).length, 5);
  lock!.close();
  await clock.advance(100);
  assertEquals(names(files), ["16.seg"]);
  await journal.close();
});

Deno.test("a compaction waits while the daemon removes files", async () => {
  const files = await journalOf(4, 12);
  const lock = await tryFilesLock(files, DIRECTORY);
  const clock = new ManualClock();
  const compacted = compact(files, {}, { clock });
  await clock.advance(10);
  assertEquals(names(files), ["0.seg", "4.seg", "8.seg", "12.seg"]);
  lock!.close();
  await clock.advance(10);
  await compacted;
  assertEquals(names(files), ["0.seg.zst", "12.seg"]);
});

Deno.test("what a killed compaction left beside an original goes after it", async () => {
  const { files, clock, journal } = await twentyFrames({ retainMs: 10_000 });
  journal.confirm(9);
  await clock.advance(100);
  files.plan = (operation) => {
    if (operation !== "unlink") return undefined;
    return { code: "EIO" };
  };
  await compact(files).catch(() => {});
  files.plan = () => undefined;
  assertEquals(names(files), ["0.seg", "0.seg.zst", "4.seg", "8.seg", "12.seg", "16.seg"]);
  await clock.advance(10_000);
  await clock.advance(100);
  assert(!names(files).includes("0.seg"), names(files).join());
  journal.confirm(13);
  await clock.advance(100);
  await clock.advance(10_000);
  await clock.advance(100);
  await clock.advance(10_000);
  await clock.advance(100);
  assertEquals(names(files), ["12.seg", "16.seg"]);
  await journal.close();
});

Deno.test("appends, confirmations, a reader and compactions beside each other lose and repeat nothing", async () => {
  const files = new MemoryFiles();
  const clock = new ManualClock();
  const journal = await open(files, { clock, segmentBytes: SEGMENT_BYTES, retainMs: 1e9, rewindBytes: 500 });
  const reader = journal.reader(pool());
  const delivered: number[] = [];
  for (let round = 0; round < 25; round++) {
    const [texts] = await Promise.all([
      follow(reader),
      appendLines(journal, 1 + round % 7, PADDING),
      compact(files, { rewindBytes: 500, segmentBytes: 8 * SEGMENT_BYTES }),
      round % 3 === 0 ? journal.locateBack(journal.cursor, 500) : undefined,
    ]);
    delivered.push(...texts.map(({ sequence }) => sequence));
    journal.confirm(Math.max(0, reader.position - round % 3));
    await clock.advance(100);
    assertEquals(await sequencesIn(files, `round ${round}`), sequences(0, journal.end));
  }
  delivered.push(...(await follow(reader)).map(({ sequence }) => sequence));
  assertEquals(delivered, sequences(0, journal.end));
  assert(names(files).filter((name) => name.endsWith(".zst")).length > 2, names(files).join());
  reader.close();
  await journal.close();
});

Deno.test("the daemon can start at any moment of a compaction", async () => {
  const base = await journalOf(7, 21);
  for (let turns = 0, over = false; !over; turns += 7) {
    const files = base.afterCrash();
    let finished = false;
    const compacted = compact(files, { segmentBytes: 8700 }).finally(() => finished = true);
    for (let i = 0; i < turns; i++) await Promise.resolve();
    over = finished;
    const journal = await open(files, { retainMs: 1e12 });
    assertEquals(await readAll(journal), expected(21, 28, PADDING), `after ${turns} turns`);
    await compacted;
    await journal.close();
    assertEquals(await sequencesIn(files), sequences(0, 28), `after ${turns} turns`);
  }
});

Deno.test("what a start finds in the list is there, whenever a compaction merges", async () => {
  const base = await journalOf(7, 21);
  for (let turns = 0, over = false; !over; turns += 3) {
    const files = base.afterCrash();
    let finished = false;
    const compacted = compact(files).finally(() => finished = true);
    for (let i = 0; i < turns; i++) await Promise.resolve();
    over = finished;
    const { segments } = await surveyJournal(files, DIRECTORY, lineFramer);
    let end = 0;
    for (const { base, footer } of segments) {
      assert(base <= end, `after ${turns} turns: nothing has ${end} to ${base}`);
      end = Math.max(end, footer!.end);
    }
    assertEquals(end, 28);
    await compacted;
  }
});

Deno.test("a scan that is under way when its segments are merged goes on to the end", async () => {
  const base = await journalOf(7, 21);
  for (let turns = 0, over = false; !over; turns += 11) {
    const files = base.afterCrash();
    let finished = false;
    const scanned = sequencesIn(files, `${turns} turns`).finally(() => finished = true);
    for (let i = 0; i < turns; i++) await Promise.resolve();
    over = finished;
    await compact(files);
    assertEquals(await scanned, sequences(0, 28), `after ${turns} turns`);
  }
});

Deno.test("what the daemon keeps stands in the lock file, behind who has it", async () => {
  const { readLockNote } = await import("../../../src/journal/files/directory/lock.ts");
  const files = new MemoryFiles();
  const journal = await open(files, { holder: "pid 4711", retainMs: 3_600_000, rewindBytes: 65536 });
  await settle();
  assertEquals(await readLockNote(files, DIRECTORY), {
    holder: "pid 4711",
    retention: { rewindBytes: 65536, retainMs: 3_600_000, retainBytes: 0, segmentBytes: 64 * 1024 * 1024 },
  });
  await assertRejects(() => open(files), Error, "in use by pid 4711");
  await journal.close();
  files.put(`${DIRECTORY}/lock`, new TextEncoder().encode("pid 1\n"));
  assertEquals(await readLockNote(files, DIRECTORY), { holder: "pid 1", retention: undefined });
});

Deno.test("what a compaction that was killed has left and the daemon removes meanwhile is no fault", async () => {
  const base = await journalOf(4, 12);
  let files = base;
  // Merged, and only the first of the originals is gone.
  for (let n = 1; names(files).join() !== "0.seg.zst,4.seg,8.seg,12.seg"; n++) {
    const killed = base.afterCrash();
    await killAt(killed, n, 1, () => compact(killed));
    files = killed.afterCrash();
  }
  const path = `${DIRECTORY}/00000000000000000000.seg.zst`;
  let opened = 0;
  files.plan = (operation, at) => {
    if (operation !== "open" || at !== path || ++opened !== 2) return undefined;
    files.remove(path);
    return { code: "ENOENT" };
  };
  assertEquals((await compact(files)).warnings, []);
  assert(opened >= 2);
  assertEquals(await sequencesIn(files), sequences(4, 16));
});

for (const path of [DIRECTORY, `${DIRECTORY}/0*.seg*`]) {
  Deno.test(`an archive that is opened and planned while a compaction merges misses nothing (${path})`, async () => {
    const base = await journalOf(7, 21);
    for (let turns = 0, over = false; !over; turns += 3) {
      const files = base.afterCrash();
      let finished = false;
      const compacted = compact(files).finally(() => finished = true);
      for (let i = 0; i < turns; i++) await Promise.resolve();
      over = finished;
      const archive = await findSegments(files, [path]);
      const { frames, missing } = await planRead(files, archive, { from: 1 });
      assertEquals([frames, missing], [27, []], `after ${turns} turns`);
      await compacted;
      const read: unknown[] = [];
      for await (const each of readArchive(files, archive, {})) {
        read.push(...each.kind === "frames" ? sequences(each.first, each.first + each.frames) : [each]);
      }
      assertEquals(read, sequences(0, 28), `after ${turns} turns`);
    }
  });
}

Deno.test("what is planned of segments that were merged since they were listed is what will be read", async () => {
  for (const incompressible of [false, true]) {
    const files = await journalOf(5, 16);
    const archive = await findSegments(files, [DIRECTORY]);
    await compact(files);
    if (incompressible) await decompressInPlace(files, `${DIRECTORY}/00000000000000000000.seg.zst`);
    const plan = async (from: number, until: number) =>
      (({ frames, bytes, missing }) => ({ frames, bytes, missing }))(
        await planRead(files, archive, { from, until }),
      );
    const { length } = line(0, PADDING);
    assertEquals(await plan(2, 18), { frames: 16, bytes: 16 * length, missing: [] });
    assertEquals(await plan(6, 7), { frames: 1, bytes: length, missing: [] });
  }
});

/** As if it had not been worth it to compress what was merged. */
async function decompressInPlace(files: MemoryFiles, path: string): Promise<void> {
  const view = await CompressedSegment.open(files, path);
  const bytes = new Uint8Array(await view.size());
  await view.readAt(bytes, 0);
  view.close();
  files.put(path.replace(/\.zst$/, ""), bytes);
  files.remove(path);
}
