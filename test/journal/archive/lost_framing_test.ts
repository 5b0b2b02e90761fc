/** Reading frames of a segment whose header, and with it the framing, is damaged. */
import { SpillwayError } from "../../../src/base/error.ts";
import { createFramer, type Framing } from "../../../src/framing/framing.ts";
import { findSegments } from "../../../src/journal/files/archive/find_segments.ts";
import { summarizeJournal } from "../../../src/journal/files/archive/summary.ts";
import { withFramers } from "../../../src/journal/files/archive/lost_framing.ts";
import { readArchive } from "../../../src/journal/files/archive/read_archive.ts";
import { planRead } from "../../../src/journal/files/archive/read_plan.ts";
import { skipOffline } from "../../../src/journal/files/offline/skip.ts";
import type { Selection } from "../../../src/journal/archive.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { DIRECTORY, open, run } from "../support/rig.ts";

const pipes: Framing = { type: "line", delimiter: Uint8Array.of(0x7c), maxFrame: 1048576 };
const counts: Framing = { type: "octet-count", maxFrame: 1048576 };

/** A segment for each list of frames, one record in it; a bit of the first one's header is flipped. */
async function damaged(framing: Framing, ...segments: readonly string[][]): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  for (const frames of segments) {
    const journal = await open(files, { framer: createFramer(framing) });
    await journal.append([run(journal.end, frames)]);
    await journal.close();
  }
  const [first] = files.paths().filter((path) => path.endsWith(".seg"));
  files.bytesOf(first)[70] ^= 1;
  return files;
}

/** What is read, and how many bytes were announced. */
async function read(files: MemoryFiles, selection: Selection): Promise<[string, number]> {
  const segments = await withFramers(files, await findSegments(files, [DIRECTORY]));
  let text = "";
  for await (const passage of readArchive(files, segments, selection)) {
    if (passage.kind === "frames") text += new TextDecoder().decode(passage.bytes);
  }
  return [text, (await planRead(files, segments, selection)).bytes];
}

Deno.test("frames of a segment without a header are cut as those of the segments around it", async () => {
  const files = await damaged(pipes, ["a|", "bcd|", "e|"], ["f|"]);
  assertEquals(await read(files, { from: 1, until: 2 }), ["bcd|", 4]);
  assertEquals(await read(files, {}), ["a|bcd|e|f|", 10]);
});

Deno.test("where no other segment has a header, what fits the records cuts them", async () => {
  const files = await damaged(counts, ["1 a", "3 b\nc", "1 d"]);
  assertEquals(await read(files, { from: 1, limit: 1 }), ["3 b\nc", 5]);
});

Deno.test("records that no known framing cuts can be had whole, and what would cut them is refused", async () => {
  const files = await damaged(pipes, ["a|", "bcd|"]);
  assertEquals(await read(files, {}), ["a|bcd|", 6]);
  await assertRejects(
    () => read(files, { from: 1 }),
    SpillwayError,
    `${DIRECTORY}/00000000000000000000.seg: the header is damaged, and no known framing cuts what is in it`,
  );
});

Deno.test("what is pending of such a segment, or given up, is counted to the byte", async () => {
  const files = await damaged(counts, ["1 a", "3 b\nc", "1 d"]);
  const confirm = () => Promise.resolve(true);
  const given = await skipOffline({ files, directory: DIRECTORY, until: 2, holder: "pid 2", confirm });
  assertEquals([given!.frames, given!.bytes], [2, 8]);
  const { pendingFrames, pendingBytes } = await summarizeJournal(files, DIRECTORY);
  assertEquals([pendingFrames, pendingBytes], [1, 3]);
});
