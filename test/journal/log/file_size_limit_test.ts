/** RLIMIT_FSIZE (`ulimit -f`), whose signal is ignored: a write beyond it fails with EFBIG, in each file for itself. */
import { JournalFullError } from "../../../src/journal/journal.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { expected, lines, open, readAll, run } from "../support/rig.ts";

/** No file may have more than `limit` bytes from now on. */
function limitFiles(files: MemoryFiles, limit: number): void {
  files.plan = (operation, path, _count, bytes) => {
    if (operation !== "write" || !path.includes(".seg")) return undefined;
    const size = files.paths().includes(path) ? files.bytesOf(path).length : 0;
    return size + bytes > limit ? { code: "EFBIG", written: Math.max(0, limit - size) } : undefined;
  };
}

Deno.test("where a file may not grow, the journal goes on in the next one, and loses nothing", async () => {
  const files = new MemoryFiles();
  const journal = await open(files);
  limitFiles(files, 600);
  for (let i = 0; i < 40; i++) await journal.append([run(i, lines(i, 1))]);
  assertEquals(await readAll(journal), expected(0, 40));
  assert((await journal.usage()).segments > 3, `${(await journal.usage()).segments} segments`);
  const killed = await open(files.afterCrash());
  assertEquals(await readAll(killed), expected(0, 40));
  await killed.close();
  await journal.close();
});

Deno.test("where nothing fits a file the journal is full, and goes on as soon as it does", async () => {
  const files = new MemoryFiles();
  const journal = await open(files);
  await journal.append([run(0, lines(0, 3))]);
  limitFiles(files, 10);
  for (let i = 0; i < 3; i++) {
    const error = await assertRejects(() => journal.append([run(3, lines(3, 5))]), JournalFullError);
    assertEquals([error.reason, journal.end], ["EFBIG", 3]);
  }
  files.plan = () => undefined;
  await journal.append([run(3, lines(3, 5))]);
  assertEquals(await readAll(journal), expected(0, 8));
  await journal.close();
});
