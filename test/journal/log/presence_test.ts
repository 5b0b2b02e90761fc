/** The journal's directory goes away under the daemon: removed, moved, or covered by a mount. */
import { SpillwayError } from "../../../src/base/error.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { appendLines, lines, ManualClock, open, run } from "../support/rig.ts";

async function removeAll(files: MemoryFiles): Promise<void> {
  for (const name of await files.list("/j")) await files.unlink(`/j/${name}`);
}

for (const sync of ["each", "interval", "os"] as const) {
  Deno.test(`with sync = ${sync}, an append to a file that is not there any more is no append, and none follows`, async () => {
    const files = new MemoryFiles();
    const clock = new ManualClock();
    const journal = await open(files, { sync, clock });
    await appendLines(journal, 3);
    await removeAll(files);
    // Without a sync for each append the file is looked for four times a second.
    if (sync !== "each") await clock.advance(250);
    const error = await assertRejects(() => journal.append([run(3, lines(3, 2))]), SpillwayError);
    assert(error.message.includes("journal /j: removed, moved or mounted over"), error.message);
    assertEquals(journal.end, 3);
    // The directory is made anew; the open lock and cursor files are in no directory any more.
    await assertRejects(() => journal.append([run(3, lines(3, 2))]), SpillwayError);
    await assertRejects(() => journal.appendLast([run(3, lines(3, 2))]), SpillwayError);
    assertEquals([journal.end, await files.list("/j")], [3, []]);
    await journal.close().catch(() => {});
  });
}

Deno.test("another file in the place of the newest segment takes none of the frames", async () => {
  const files = new MemoryFiles();
  const journal = await open(files, { sync: "each" });
  await appendLines(journal, 3);
  const [segment] = (await files.list("/j")).filter((name) => name.endsWith(".seg"));
  await files.unlink(`/j/${segment}`);
  (await files.open(`/j/${segment}`, "create")).close();
  await assertRejects(() => journal.append([run(3, lines(3, 2))]), SpillwayError);
  assertEquals(journal.end, 3);
  await journal.close().catch(() => {});
});
