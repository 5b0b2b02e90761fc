/** Segments of which nothing is left, or no record: what they take from the frames of others, and how all tell of it. */
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES, segmentName } from "../../../src/journal/files/format/segment.ts";
import { summarizeJournal } from "../../../src/journal/files/archive/summary.ts";
import type { Journal } from "../../../src/journal/journal.ts";
import { assertEquals } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { appendLines, DIRECTORY, expected, lines, open, run } from "../support/rig.ts";
import { checkToldAlike } from "../support/told_alike.ts";

const pathOf = (base: number) => `${DIRECTORY}/${segmentName(base)}`;

/** An append of which a sync fails: what was written stays in its file, and what comes next goes to another one. */
async function appendInVain(files: MemoryFiles, journal: Journal, count: number): Promise<void> {
  files.plan = (operation) => operation === "sync" ? { code: "EIO" } : undefined;
  await journal.append([run(journal.end, lines(journal.end, count))]).catch(() => {});
  files.plan = () => undefined;
}

for (const [until, lost] of [[6, "none"], [9, "those that it alone had"]] as const) {
  Deno.test(`of frames in two segments, the newer one of which cannot be read, ${lost} are lost`, async () => {
    const files = new MemoryFiles();
    const journal = await open(files, { sync: "each" });
    await appendLines(journal, 4);
    // Frames 4 to 6 stand behind those, and again from the beginning of the next segment on.
    await appendInVain(files, journal, 3);
    await appendLines(journal, until - 4);
    await appendInVain(files, journal, 1);
    await appendLines(journal, 2);
    const left = files.afterCrash();
    assertEquals(left.paths().filter((path) => path.endsWith(".seg")), [0, 4, until].map(pathOf));
    left.bytesOf(pathOf(4)).fill(7);
    const frames = [...expected(0, Math.min(until, 7)), ...expected(until, until + 2)];
    const { pendingFrames } = await checkToldAlike(left, frames, `up to ${until}`);
    assertEquals(pendingFrames, frames.length);
    await journal.close();
  });
}

Deno.test("status without a cursor file begins where the daemon does: at the oldest segment, though nothing can be read from it", async () => {
  const files = new MemoryFiles();
  const journal = await open(files, { segmentBytes: 900 });
  await appendLines(journal, 20);
  await journal.close();
  const [oldest, second] = files.paths().filter((path) => path.endsWith(".seg"));
  files.bytesOf(oldest).fill(7);
  files.remove(`${DIRECTORY}/cursor`);
  const { pendingFrames } = await checkToldAlike(files, undefined, "the oldest cannot be read");
  assertEquals([(await summarizeJournal(files, DIRECTORY)).cursor, pendingFrames], [
    0,
    20 - Number(/(\d+)\.seg/.exec(second)![1]),
  ]);
});

Deno.test("status without a cursor file begins where the daemon does: at a segment all of whose records are damaged", async () => {
  const files = new MemoryFiles();
  const journal = await open(files);
  await journal.append([run(40, lines(40, 3))]);
  const left = files.afterCrash();
  left.bytesOf(pathOf(40))[left.bytesOf(pathOf(40)).length - 2] ^= 1;
  left.remove(`${DIRECTORY}/cursor`);
  const { pendingFrames } = await checkToldAlike(left, [], "its records are damaged");
  assertEquals([(await summarizeJournal(left, DIRECTORY)).cursor, pendingFrames], [40, 3]);
  await journal.close();
});

Deno.test("a segment without a record takes no frame from the one before it in the count of status", async () => {
  const files = new MemoryFiles();
  const journal = await open(files);
  await appendLines(journal, 7);
  journal.confirm(5);
  await journal.close();
  // As a kill leaves it that comes before the frames are written again.
  const header = {
    base: 4,
    createdUs: 0,
    salt: new Uint8Array(8),
    previousEnd: 4,
    cursor: 4,
    framing: "line delimiter=0a max_frame=65536",
  };
  const bytes = encodeSegmentHeader(header);
  assertEquals(bytes.length, SEGMENT_HEADER_BYTES);
  files.put(pathOf(4), bytes);
  const { pendingFrames } = await checkToldAlike(files, expected(0, 7), "no record");
  assertEquals(pendingFrames, 2);
});
