/** Reading segments whose header is lost, without a configuration that says how their frames are cut. */
import { createFramer } from "../../src/framing/create.ts";
import type { Framing } from "../../src/framing/framing.ts";
import { openArchive } from "../../src/journal/archive.ts";
import { segmentName } from "../../src/journal/format.ts";
import { planPassages } from "../../src/journal/plan.ts";
import { assertEquals } from "../support/assert.ts";
import { MemoryFiles } from "../support/memory_files.ts";
import { printed } from "./repaired.ts";
import { open, run } from "./rig.ts";

for (
  const [isNeighbourWhole, framing, frames] of [
    [false, { type: "octet-count", maxFrame: 1048576 }, ["5 a\nb\nc", "2 de", "4 \n\nfg"]],
    [true, { type: "line", delimiter: Uint8Array.of(0x7c), maxFrame: 1048576 }, ["a|", "b\nc|", "\n\n\nd|"]],
  ] as readonly (readonly [boolean, Framing, readonly string[]])[]
) {
  Deno.test(`a segment whose header is lost is cut as its records count, or as its neighbour is (${framing.type})`, async () => {
    const files = new MemoryFiles();
    for (let i = 0; i < 2; i++) {
      const journal = await open(files, { framer: createFramer(framing) });
      await journal.append([run(journal.end, frames)]);
      await journal.close();
    }
    files.bytesOf(`/j/${segmentName(3)}`)[40] ^= 1;
    if (!isNeighbourWhole) files.bytesOf(`/j/${segmentName(0)}`)[70] ^= 1;
    const found = await printed(files);
    assertEquals(found.frames.map(({ text }) => text), [...frames, ...frames]);
    const cut = await planPassages(files, await openArchive(files, ["/j"]), { from: 4, until: 5 });
    assertEquals([cut.frames, cut.bytes], [1, frames[1].length]);
  });
}
