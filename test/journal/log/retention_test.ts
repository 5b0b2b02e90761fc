/** Which delivered segments are kept, and when the others are unlinked. */
import { assert, assertEquals } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES } from "../../../src/journal/files/format/segment.ts";
import type { Journal, JournalOptions } from "../../../src/journal/journal.ts";
import { appendLines, expected, line, ManualClock, open, readAll } from "../support/rig.ts";

const RECORD = RECORD_HEADER_BYTES + line(0).length;
/** Four frames a segment. */
const SEGMENT_BYTES = SEGMENT_HEADER_BYTES + 4 * RECORD;

async function twentyFrames(changes: Partial<JournalOptions> = {}) {
  const files = new MemoryFiles();
  const clock = new ManualClock();
  const journal = await open(files, { clock, segmentBytes: SEGMENT_BYTES, ...changes });
  await appendLines(journal, 20);
  return { files, clock, journal };
}

function bases(files: MemoryFiles): number[] {
  return files.paths().filter((path) => path.endsWith(".seg")).map((path) => Number(path.slice(3, 23)));
}

async function confirmed(journal: Journal, clock: ManualClock, sequence: number): Promise<void> {
  journal.confirm(sequence);
  await clock.advance(100);
}

Deno.test("segments wholly below the cursor are unlinked, the newest one never", async () => {
  const { files, clock, journal } = await twentyFrames();
  assertEquals(bases(files), [0, 4, 8, 12, 16]);
  await confirmed(journal, clock, 3);
  assertEquals(bases(files), [0, 4, 8, 12, 16]);
  await confirmed(journal, clock, 4);
  assertEquals(bases(files), [4, 8, 12, 16]);
  await confirmed(journal, clock, 15);
  assertEquals(bases(files), [12, 16]);
  await confirmed(journal, clock, 20);
  assertEquals(bases(files), [16]);
  assertEquals((await journal.usage()).segments, 1);
  assertEquals((await journal.usage()).bytes, files.bytesOf("/j/00000000000000000016.seg").length);
  await journal.close();
});

Deno.test("the cursor on disk is never behind what is unlinked, with sync even after a power loss", async () => {
  const { files, clock, journal } = await twentyFrames({ sync: "each" });
  journal.confirm(13);
  const before = files.log.length;
  await clock.advance(100);
  const log = files.log.slice(before);
  const write = log.indexOf("write /j/cursor");
  const sync = log.indexOf("sync /j/cursor");
  const unlink = log.findIndex((entry) => entry.startsWith("unlink"));
  assert(write >= 0 && write < sync && sync < unlink, log.join("\n"));
  const survived = await open(files.afterPowerLoss());
  assertEquals(await readAll(survived), expected(13, 20));
  await survived.close();
  await journal.close();
});

Deno.test("the cursor is written at most every 100 ms, however often frames are confirmed", async () => {
  const { files, clock, journal } = await twentyFrames();
  const writes = () => files.log.filter((entry) => entry === "write /j/cursor").length;
  const before = writes();
  for (let i = 0; i < 100; i++) {
    journal.confirm(Math.floor(i / 10));
    await clock.advance(5);
  }
  assert(writes() - before <= 5, `${writes() - before} writes in 500 ms`);
  await clock.advance(100);
  const settled = writes();
  for (let i = 0; i < 10; i++) await clock.advance(100);
  assertEquals(writes(), settled);
  await journal.close();
});

Deno.test("rewind keeps at least its number of delivered bytes readable, in whole segments", async () => {
  const { files, clock, journal } = await twentyFrames({ rewindBytes: 4 * line(0).length + 1 });
  await confirmed(journal, clock, 17);
  assertEquals(bases(files), [8, 12, 16]);
  await journal.close();
});

Deno.test("delivered segments are retained from their delivery on", async () => {
  const { files, clock, journal } = await twentyFrames({ retainMs: 10_000 });
  await confirmed(journal, clock, 5);
  await clock.advance(5000);
  await confirmed(journal, clock, 18);
  assertEquals(bases(files), [0, 4, 8, 12, 16]);
  await clock.advance(4900);
  await clock.advance(100);
  assertEquals(bases(files), [4, 8, 12, 16]);
  await clock.advance(5000);
  await clock.advance(100);
  assertEquals(bases(files), [16]);
  await journal.close();
});

Deno.test("retain_bytes limits what is retained, the oldest go first", async () => {
  const { files, clock, journal } = await twentyFrames({ retainMs: 1e9, retainBytes: 2 * SEGMENT_BYTES + 500 });
  await confirmed(journal, clock, 20);
  assertEquals(bases(files), [8, 12, 16]);
  await journal.close();
});

Deno.test("what is found delivered at the start is retained from the start on", async () => {
  const { files, journal } = await twentyFrames({ retainMs: 10_000 });
  journal.confirm(18);
  await journal.close();
  const clock = new ManualClock();
  const again = await open(files, { clock, retainMs: 10_000 });
  await clock.advance(9900);
  assertEquals(bases(files), [0, 4, 8, 12, 16]);
  await clock.advance(100);
  await clock.advance(100);
  assertEquals(bases(files), [16]);
  await again.close();
});

Deno.test("an unlink that fails is tried again", async () => {
  const { files, clock, journal } = await twentyFrames();
  files.plan = (operation) => operation === "unlink" ? { code: "EACCES" } : undefined;
  await confirmed(journal, clock, 20);
  assertEquals(bases(files).length, 5);
  files.plan = () => undefined;
  await clock.advance(100);
  assertEquals(bases(files), [16]);
  await journal.close();
});
