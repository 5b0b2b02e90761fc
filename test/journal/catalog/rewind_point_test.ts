/** Finding the frame N bytes before another one, for `rewind`. */
import { assertEquals } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { appendLines, line, lines, open, run } from "../support/rig.ts";

const LINE = line(0).length;

Deno.test("locateBack finds the frame N bytes before another one, across records and segments", async () => {
  const files = new MemoryFiles();
  const journal = await open(files, { segmentBytes: 700 });
  for (let first = 0; first < 60; first += 3) await journal.append([run(first, lines(first, 3))]);
  for (const sequence of [1, 2, 3, 30, 31, 59, 60]) {
    for (let bytes = 0; bytes <= sequence * LINE + 30; bytes += 7) {
      const frames = Math.min(sequence, Math.ceil(bytes / LINE));
      assertEquals(await journal.locateBack(sequence, bytes), sequence - frames, `${bytes} before ${sequence}`);
    }
  }
  await journal.close();
});

Deno.test("locateBack does not go over a hole", async () => {
  const files = new MemoryFiles();
  const journal = await open(files);
  await appendLines(journal, 5);
  await journal.append([run(50, lines(50, 5))]);
  assertEquals(await journal.locateBack(55, 1000), 50);
  assertEquals(await journal.locateBack(53, 1000), 50);
  assertEquals(await journal.locateBack(50, 1000), 50);
  assertEquals(await journal.locateBack(30, 1000), 30);
  assertEquals(await journal.locateBack(5, 1000), 0);
  assertEquals(await journal.locateBack(0, 1000), 0);
  await journal.close();
});

/** The first frame below `until`. */
const found = (sequence: number | undefined, until: number) => Math.min(sequence ?? until, until);

Deno.test("the first frame that is there is found, whatever is missing behind it, as one that arrived since 1970", async () => {
  const files = new MemoryFiles();
  const journal = await open(files, { segmentBytes: 300 });
  await appendLines(journal, 5);
  for (let first = 50; first < 80; first += 3) await journal.append([run(first, lines(first, 3))]);
  for (let from = 0; from < 80; from++) {
    const first = from < 5 || from >= 50 ? from : 50;
    for (const until of [80, 60, 50, 3]) {
      if (from <= until) {
        assertEquals(found(await journal.firstSince(from, 0), until), Math.min(first, until), `${from} to ${until}`);
      }
    }
  }
  assertEquals(found(await journal.firstSince(80, 0), 90), 90);
  await journal.close();
});
