/** Pending frames that are given up while no daemon runs. */
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { seeded } from "../../support/random.ts";
import { SpillwayError } from "../../../src/base/error.ts";
import { CursorFile, readCursor } from "../../../src/journal/files/directory/cursor_file.ts";
import { CURSOR_MAGIC } from "../../../src/journal/files/format/cursor.ts";
import { encodePreamble } from "../../../src/journal/files/format/preamble.ts";
import { lockJournal } from "../../../src/journal/files/directory/lock.ts";
import { skipOffline, type SkipOptions, type SkippedFrames } from "../../../src/journal/files/offline/skip.ts";
import { killAt } from "../support/kill_at.ts";
import { durable } from "../support/repair_journal.ts";
import { appendLines, DIRECTORY, line, open, readAll, run } from "../support/rig.ts";
import { sample } from "../support/sample.ts";

function skip(
  files: MemoryFiles,
  until: number,
  changes: Partial<SkipOptions> = {},
): Promise<SkippedFrames | undefined> {
  const confirm = () => Promise.resolve(true);
  return skipOffline({ files, directory: DIRECTORY, until, holder: "pid 2", confirm, ...changes });
}

Deno.test("what is given up is counted as it is in the journal, wherever the cut falls, and the rest is delivered", async () => {
  for (const shape of ["small", "large", "holes"] as const) {
    for (const sealed of [true, false]) {
      const original = await sample({ shape, sealed, cursor: 2 });
      for (let until = 2; until <= original.end; until++) {
        const files = original.files.afterCrash();
        const given = await skip(files, until);
        const gone = [...original.frames].filter(([sequence]) => sequence >= 2 && sequence < until);
        const what = `${shape}, sealed ${sealed}, until ${until}`;
        assertEquals([given!.from, given!.until, given!.frames], [2, until, gone.length], what);
        assertEquals(given!.bytes, gone.reduce((sum, [, text]) => sum + text.length, 0), what);
        const journal = await open(files);
        const left = [...original.frames].filter(([sequence]) => sequence >= until)
          .map(([sequence, text]) => ({ sequence, text }));
        assertEquals(journal.cursor, until, what);
        assertEquals(await readAll(journal), left, what);
        assertEquals(journal.recovery.pendingFrames, left.length, what);
        await journal.close();
      }
    }
  }
});

Deno.test("times are those of the first and last record that has some of the frames", async () => {
  const { files } = await sample({ shape: "holes", sealed: true });
  const { firstUs, lastUs } = (await skip(files, 27))!;
  // Runs arrive at 20 ms for each sequence before them, see the rig.
  assertEquals([firstUs, lastUs], [0, 26 * 20_000]);
  assertEquals((await skip(files, 27))!.firstUs, undefined);
});

Deno.test("frames that a failed sync has put into two segments are given up once", async () => {
  const files = new MemoryFiles();
  const journal = await open(files, { sync: "each" });
  await appendLines(journal, 4);
  files.plan = (operation) => operation === "sync" ? { code: "EIO" } : undefined;
  await journal.append([run(4, [line(4)]), run(5, [line(5)])]).catch(() => {});
  files.plan = () => undefined;
  for (let first = 4; first < 8; first++) await journal.append([run(first, [line(first)])]);
  const killed = files.afterCrash();
  assertEquals(killed.paths().filter((path) => path.endsWith(".seg")).length, 2);
  assertEquals((await skip(killed, 8))!.frames, 8);
  await journal.close();
});

Deno.test("flags and risk of the cursor stay as they were", async () => {
  const { files } = await sample({ shape: "small", sealed: false, cursor: 2 });
  const before = await readCursor(files, "/j/cursor");
  await skip(files, 5);
  const after = await readCursor(files, "/j/cursor");
  if (before.kind !== "valid" || after.kind !== "valid") throw new Error("no cursor");
  assertEquals(after.state, { ...before.state, cursor: 5 });
});

Deno.test("who gives frames up is told how many before them may be unread, and gives up these with them alone", async () => {
  const { files } = await sample({ shape: "small", sealed: false, cursor: 4 });
  const found = await readCursor(files, "/j/cursor");
  if (found.kind !== "valid") throw new Error("no cursor");
  const file = new CursorFile(files, DIRECTORY, "/j/cursor", found.generation);
  await file.write({ ...found.state, unreadFrames: 3, resendFrames: 2 });
  const stateOf = async () => {
    const now = await readCursor(files, "/j/cursor");
    return now.kind === "valid" && [now.state.cursor, now.state.unreadFrames, now.state.resendFrames];
  };

  const nothing = (await skip(files, 4))!;
  assertEquals([nothing.frames, nothing.unreadFrames], [0, 0]);
  assertEquals(await stateOf(), [4, 3, 2], "nothing is pending there: what may be unread is sent again as ever");

  let told: SkippedFrames | undefined;
  const ask = (what: SkippedFrames) => {
    told = what;
    return Promise.resolve(false);
  };
  await skip(files, 6, { confirm: ask });
  assertEquals([told!.frames, told!.unreadFrames], [2, 3], "before it is done");
  const { frames, unreadFrames } = (await skip(files, 6))!;
  assertEquals([frames, unreadFrames], [2, 3]);
  assertEquals(await stateOf(), [6, 0, 0]);
  file.close();
});

Deno.test("who says no has changed nothing", async () => {
  const { files } = await sample({ shape: "small", sealed: true });
  const before = files.bytesOf("/j/cursor").slice();
  assertEquals(await skip(files, 5, { confirm: () => Promise.resolve(false) }), undefined);
  await assertRejects(() => skip(files, 5, { confirm: () => Promise.reject(new Error("no terminal")) }), Error);
  assertEquals(files.bytesOf("/j/cursor"), before);
  (await lockJournal(files, DIRECTORY, "free again")).close();
});

Deno.test("a sequence before the cursor or behind the end is refused, and so is a journal in use", async () => {
  const { files } = await sample({ shape: "small", sealed: true, cursor: 3 });
  const refused = async (until: number) => {
    const { message, exit } = await assertRejects(() => skip(files, until), SpillwayError);
    return [message, exit];
  };
  assertEquals(await refused(2), ["/j: everything before frame 3 is delivered, found --until 2", 2]);
  assertEquals(await refused(13), ["/j: the journal ends before frame 12, found --until 13", 2]);
  const held = await lockJournal(files, DIRECTORY, "pid 77, route feed");
  assertEquals(await refused(5), ["journal /j: in use by pid 77, route feed", 75]);
  held.close();
});

Deno.test("without a usable cursor the newest record says where pending frames begin", async () => {
  const { files } = await sample({ shape: "small", sealed: true, cursor: 6 });
  files.remove("/j/cursor");
  const { from, frames } = (await skip(files, 10))!;
  // The footer of the last segment was written at a stop, with the cursor that was confirmed.
  assertEquals([from, frames], [6, 4]);
});

Deno.test("what was said to be given up stays so after a power loss; killed before, nothing is", async () => {
  const original = durable((await sample({ shape: "small", sealed: true, cursor: 2 })).files, new MemoryFiles());
  for (let n = 1, done = false; !done; n++) {
    const files = original.afterCrash();
    done = !await killAt(files, n, 0, () => skip(files, 5));
    for (let seed = 0; seed < 5; seed++) {
      const journal = await open(files.afterPowerLoss(seeded(seed)));
      assertEquals(done ? journal.cursor === 5 : [2, 5].includes(journal.cursor), true, `operation ${n}, seed ${seed}`);
      await journal.close();
    }
  }
});

Deno.test("a cursor of a newer version is refused by name, and stays as it was", async () => {
  const { files } = await sample({ shape: "small", sealed: true, cursor: 2 });
  encodePreamble(files.bytesOf("/j/cursor"), CURSOR_MAGIC, 9);
  const before = files.bytesOf("/j/cursor").slice();
  const { message } = await assertRejects(() => skip(files, 5), SpillwayError);
  assertEquals(message, "/j/cursor: format version 9, this program knows versions up to 1");
  assertEquals(files.bytesOf("/j/cursor"), before);
});
