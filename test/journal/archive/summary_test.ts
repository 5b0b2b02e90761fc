/** What `status` tells of a journal without a daemon, against what the next daemon finds. */
import { SpillwayError } from "../../../src/base/error.ts";
import { segmentName } from "../../../src/journal/files/format/segment.ts";
import { summarizeJournal } from "../../../src/journal/files/archive/summary.ts";
import { skipOffline } from "../../../src/journal/files/offline/skip.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { seeded } from "../../support/random.ts";
import { appendLines, DIRECTORY, lines, ManualClock, open, run, settle } from "../support/rig.ts";

/** A process that appends, confirms, declares holes, and dies or stops; on what others have left. */
async function live(files: MemoryFiles, random: () => number): Promise<MemoryFiles> {
  const clock = new ManualClock();
  const retainMs = random() < 0.3 ? 3_600_000 : 0;
  const journal = await open(files, { segmentBytes: 1500, clock, retainMs });
  for (let i = 0; i < 12; i++) {
    const hole = random() < 0.2 ? Math.floor(random() * 4) : 0;
    const count = 1 + Math.floor(random() * 5);
    const first = journal.end + hole;
    // What is not journaled was delivered from memory.
    if (hole > 0) journal.confirm(first);
    await journal.append([run(first, lines(first, count, "x".repeat(Math.floor(random() * 80))))]);
    if (random() < 0.4) journal.confirm(Math.min(journal.end, journal.cursor + Math.floor(random() * 9)));
    if (random() < 0.5) await clock.advance(200);
  }
  if (random() < 0.3) {
    await journal.close();
    return files;
  }
  files.crash();
  await settle();
  return files.afterCrash();
}

Deno.test("a glance finds pending what the next start finds pending, and changes nothing", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seeded(seed);
    let files = new MemoryFiles();
    for (let life = 0; life < 3; life++) {
      files = await live(files, random);
      const paths = files.paths();
      const before = files.log.length;
      const glance = await summarizeJournal(files, DIRECTORY);
      const operations = new Set(files.log.slice(before).map((entry) => entry.split(" ")[0]));
      assert([...operations].every((each) => ["list", "open", "read", "stat"].includes(each)), "it looks only");
      assertEquals(files.paths(), paths);
      const copy = files.afterCrash();
      const journal = await open(copy);
      const { recovery } = journal;
      const said = `seed ${seed}, life ${life}`;
      assertEquals(
        [glance.cursor, glance.end, glance.pendingFrames, glance.pendingBytes, glance.clean, glance.atRiskBytes],
        [
          journal.cursor,
          journal.end,
          recovery.pendingFrames,
          recovery.pendingBytes,
          recovery.clean,
          recovery.atRiskBytes,
        ],
        said,
      );
      assertEquals(
        glance.oldestUs,
        recovery.pendingFrames > 0 ? await journal.arrivalOf(journal.cursor) : undefined,
        said,
      );
      await journal.close();
    }
  }
});

Deno.test("a glance at a long backlog opens each segment once, and reads records of the first and the last alone", async () => {
  const files = new MemoryFiles();
  const clock = new ManualClock();
  const journal = await open(files, { segmentBytes: 1500, clock, retainMs: 3_600_000 });
  await appendLines(journal, 400);
  journal.confirm(103);
  await clock.advance(200);
  files.crash();
  await settle();
  const left = files.afterCrash();
  const before = left.log.length;
  const glance = await summarizeJournal(left, DIRECTORY);
  assertEquals([glance.pendingFrames, glance.oldestUs], [297, 103 * 20_000]);
  const opened = left.log.slice(before).filter((entry) => entry.startsWith("open ") && entry.includes(".seg"));
  const bases = opened.map((entry) => Number(/(\d+)\.seg/.exec(entry)![1]));
  const oldest = bases.reduce((a, b) => Math.min(a, b));
  const newest = bases.reduce((a, b) => Math.max(a, b));
  assert(oldest <= 103 && oldest > 85, `what is delivered is not looked at: the oldest opened begins at ${oldest}`);
  const between = bases.filter((base) => base !== oldest && base !== newest);
  assertEquals(new Set(between).size, between.length, "those between are opened once");
  assert(glance.segments > new Set(bases).size, "retained segments count all the same");
});

Deno.test("a glance at a cursor file that is gone goes by what the segments say", async () => {
  const files = new MemoryFiles();
  const journal = await open(files, { segmentBytes: 1500 });
  await appendLines(journal, 30);
  await journal.close();
  await files.unlink(`${DIRECTORY}/cursor`);
  const glance = await summarizeJournal(files, DIRECTORY);
  assertEquals([glance.pendingFrames, glance.clean, glance.cursor], [30, false, 0]);
});

Deno.test("a glance at a newer version says so", async () => {
  const files = new MemoryFiles();
  const journal = await open(files);
  await appendLines(journal, 3);
  await journal.close();
  const path = files.paths().find((each) => each.endsWith(".seg"))!;
  const bytes = files.bytesOf(path);
  const { crc32 } = await import("node:zlib");
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint32(8, 2, true);
  view.setUint32(12, crc32(bytes.subarray(0, 12)), true);
  await assertRejects(() => summarizeJournal(files, DIRECTORY), SpillwayError, "format version 2");
});

Deno.test("the arrival of a frame is its record's, of one that is not there the next one's, whatever was asked before", async () => {
  const files = new MemoryFiles();
  const journal = await open(files, { segmentBytes: 1500 });
  await appendLines(journal, 40);
  await journal.append([run(60, lines(60, 3))]);
  const asked = [0, 5, 39, 40, 59, 60, 62, 63, 12, 41];
  const arrivals = [];
  for (const sequence of asked) arrivals.push(await journal.arrivalOf(sequence));
  const us = (sequence: number) => sequence * 20_000;
  assertEquals(arrivals, [us(0), us(5), us(39), us(60), us(60), us(60), us(60), undefined, us(12), us(60)]);
  await journal.close();
});

Deno.test("a glance beside a daemon that delivers and removes meanwhile tells what is pending by then", async () => {
  const begun = new MemoryFiles();
  const clock = new ManualClock();
  const journal = await open(begun, { clock, segmentBytes: 1500 });
  await appendLines(journal, 60);
  journal.confirm(2);
  await clock.advance(200);
  const files = begun.afterCrash();
  const later = files.afterCrash();
  const delivering = await open(later, { clock });
  delivering.confirm(40);
  await clock.advance(200);
  const gone = files.paths().filter((path) => !later.paths().includes(path));
  assert(gone.length > 1 && gone.every((path) => path.endsWith(".seg")));
  let opened = 0;
  files.plan = (operation, path) => {
    if (operation !== "open" || path !== gone[0] || ++opened !== 2) return undefined;
    // Between one look at the files and the next one.
    files.put("/j/cursor", later.bytesOf("/j/cursor"));
    for (const each of gone) files.remove(each);
    return { code: "ENOENT" };
  };
  const { cursor, pendingFrames } = await summarizeJournal(files, DIRECTORY);
  assertEquals({ cursor, pendingFrames, opened }, { cursor: 40, pendingFrames: 20, opened: 2 });
});

Deno.test("the end is that of all segments: one that was just being created may begin before it", async () => {
  let files = new MemoryFiles();
  const journal = await open(files, { sync: "each" });
  await appendLines(journal, 2);
  files.plan = (operation) => operation === "sync" ? { code: "EIO" } : undefined;
  await appendLines(journal, 2).catch(() => {});
  files = files.afterCrash();
  // The process ended as it was about to write frame 2 again.
  files.put(`${DIRECTORY}/${segmentName(2)}`, new Uint8Array(30));
  const { end, pendingFrames } = await summarizeJournal(files, DIRECTORY);
  const skipped = await skipOffline({
    files: files.afterCrash(),
    directory: DIRECTORY,
    until: end,
    holder: "a test",
    confirm: () => Promise.resolve(true),
  });
  const next = await open(files);
  assertEquals([end, pendingFrames, skipped?.frames], [next.end, next.recovery.pendingFrames, pendingFrames]);
  assertEquals(end, 3);
  await next.close();
});
