/** Verifying in threads of the real program: they find what a reader here finds, and where they fail one here takes over. */
import { currentRuntime } from "../../../src/runtime/current.ts";
import { startThread, type Thread } from "../../../src/runtime/thread.ts";
import { type ArchiveSegment, findSegments } from "../../../src/journal/files/archive/find_segments.ts";
import { readerIn, type ReadingThread } from "../../../src/journal/files/verify/verify_thread.ts";
import { readSegment } from "../../../src/journal/files/verify/verify_segment.ts";
import {
  type SegmentReader,
  type SegmentVerdict,
  verifySegments,
} from "../../../src/journal/files/verify/verify_segments.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { open, run } from "../support/rig.ts";

const { files } = await currentRuntime();
const here: SegmentReader = (segment, onProgress) => readSegment(files, segment, onProgress);
const never: SegmentReader = () => Promise.reject(new Error("the thread did not do it"));

/** Five segments on disk, a bit flipped in the second, the fourth without its header. */
async function damagedJournal(directory: string): Promise<ArchiveSegment[]> {
  const memory = new MemoryFiles();
  const journal = await open(memory, { segmentBytes: 20_000 });
  for (let first = 0; first < 500; first++) await journal.append([run(first, [`${first} ${"x".repeat(120)}\n`])]);
  await journal.close();
  const names = (await memory.list("/j")).filter((name) => name.endsWith(".seg"));
  assert(names.length >= 5, `${names.length} segments`);
  for (const [index, name] of names.entries()) {
    const bytes = memory.bytesOf(`/j/${name}`).slice();
    if (index === 1) bytes[5000] ^= 4;
    if (index === 3) bytes.fill(0, 0, 512);
    await Deno.writeFile(`${directory}/${name}`, bytes);
  }
  return await findSegments(files, [directory]);
}

async function verdicts(readers: readonly SegmentReader[], segments: readonly ArchiveSegment[]) {
  let progress = 0;
  const found: SegmentVerdict[] = [];
  const options = { onProgress: (bytes: number) => void (progress += bytes), cursors: new Map() };
  for await (const verdict of verifySegments(readers, segments, options)) found.push(verdict);
  return { found, progress };
}

/** One that says a word on the way and then fails. */
const failing: ReadingThread = {
  run(_segment, onProgress) {
    onProgress(600);
    return Promise.reject(new Error("out of threads"));
  },
  end() {},
};

Deno.test({
  name: "two threads of the program, a reader here and one in place of a thread that fails come to the same verdicts",
  // A thread ends a moment after it was told to.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const directory = await Deno.makeTempDir({ prefix: "spillway-test-" });
    const threads = [0, 1].map((): Thread<never, never, never> =>
      startThread(new URL("../../../src/main.ts", import.meta.url))
    ) as unknown as ReadingThread[];
    try {
      const segments = await damagedJournal(directory);
      const expected = await verdicts([here], segments);
      const ranges = expected.found.flatMap(({ damages }) => damages);
      assertEquals(ranges.length, 2);
      assertEquals(expected.progress, segments.reduce((sum, { size }) => sum + size, 0));
      assertEquals(await verdicts(threads.map((thread) => readerIn(thread, never)), segments), expected);
      assertEquals(await verdicts([readerIn(failing, here)], segments), expected);
      for (const script of ["no such script", new URL("no_such_script.ts", import.meta.url)]) {
        assertEquals(await verdicts([readerIn(startThread(script), here)], segments), expected);
      }
    } finally {
      for (const thread of threads) thread.end();
      await Deno.remove(directory, { recursive: true });
    }
  },
});

Deno.test("a segment that neither a thread nor the reader here can read is an error with its cause", async () => {
  const directory = await Deno.makeTempDir({ prefix: "spillway-test-" });
  try {
    const segments = await damagedJournal(directory);
    const broken: SegmentReader = () => Promise.reject(new RangeError("the disk is on fire"));
    await assertRejects(() => verdicts([readerIn(failing, broken)], segments), RangeError, "on fire");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
