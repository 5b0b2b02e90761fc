/** Appends, syncs and housekeeping on a disk that is full or fails. */
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryFiles, type Operation } from "../../support/memory_files.ts";
import { SystemError } from "../../../src/base/error.ts";
import { JournalFullError } from "../../../src/journal/journal.ts";
import { createSegment } from "../../../src/journal/files/log/segment_writer.ts";
import {
  appendLines,
  expected,
  line,
  lines,
  ManualClock,
  open,
  optionsFor,
  readAll,
  rememberingLog,
  run,
} from "../support/rig.ts";

const SEGMENT = "/j/00000000000000000000.seg";

/** Fails the next operation of a kind on a segment file, once. */
function failNext(files: MemoryFiles, kind: Operation, code: string, written = 0): void {
  files.plan = (operation, path) => {
    if (operation !== kind || !path.includes(".seg")) return undefined;
    files.plan = () => undefined;
    return { code, written };
  };
}

Deno.test("a full disk rejects the append, leaves no half record, and the journal goes on when there is space", async () => {
  const files = new MemoryFiles();
  const journal = await open(files);
  await appendLines(journal, 3);
  const before = files.bytesOf(SEGMENT).slice();
  for (const code of ["ENOSPC", "EDQUOT"]) {
    failNext(files, "write", code, 50);
    const error = await assertRejects(() => journal.append([run(3, lines(3, 5))]), JournalFullError);
    assertEquals([error.reason, journal.end], [code, 3]);
    assertEquals(files.bytesOf(SEGMENT), before);
  }
  assertEquals(await readAll(journal), expected(0, 3));
  await journal.append([run(3, lines(3, 5))]);
  assertEquals(await readAll(journal), expected(0, 8));
  assertEquals((await journal.usage()).segments, 1);
  await journal.close();
});

Deno.test("an append that fails for another reason rejects with the system's error", async () => {
  const files = new MemoryFiles();
  const journal = await open(files);
  failNext(files, "write", "EIO");
  assertEquals((await assertRejects(() => journal.append([run(0, lines(0, 1))]), SystemError)).code, "EIO");
  await appendLines(journal, 2);
  assertEquals(await readAll(journal), expected(0, 2));
  await journal.close();
});

Deno.test("where a failed write cannot be cut off, the segment is left and a new one begins", async () => {
  const files = new MemoryFiles();
  const journal = await open(files);
  await appendLines(journal, 3);
  files.plan = (operation) => ["write", "truncate"].includes(operation) ? { code: "ENOSPC", written: 70 } : undefined;
  await assertRejects(() => journal.append([run(3, lines(3, 5))]), JournalFullError);
  files.plan = () => undefined;
  await appendLines(journal, 4);
  assertEquals((await journal.usage()).segments, 2);
  assertEquals(await readAll(journal), expected(0, 7));
  const killed = await open(files.afterCrash());
  assertEquals(await readAll(killed), expected(0, 7));
  await killed.close();
  await journal.close();
});

Deno.test("the very first write may fail beyond repair, and the segment of the same name is replaced", async () => {
  const files = new MemoryFiles();
  const journal = await open(files);
  let writes = 0;
  files.plan = (operation, path) => {
    if (!path.includes(".seg")) return undefined;
    return operation === "truncate" || (operation === "write" && ++writes === 2)
      ? { code: "EIO", written: 99 }
      : undefined;
  };
  await assertRejects(() => journal.append([run(0, lines(0, 5))]), SystemError);
  files.plan = () => undefined;
  await appendLines(journal, 3);
  assertEquals(await readAll(journal), expected(0, 3));
  assertEquals(files.paths().filter((path) => path.includes(".seg")), [SEGMENT]);
  await journal.close();
});

Deno.test("a failed sync is never tried again on its file: the frames go to a new segment, recovery takes the overlap", async () => {
  const files = new MemoryFiles();
  const journal = await open(files, { sync: "each" });
  await appendLines(journal, 3);
  failNext(files, "sync", "EIO");
  await assertRejects(() => journal.append([run(3, lines(3, 2))]), SystemError);
  assertEquals(journal.end, 3);
  assertEquals(await readAll(journal), expected(0, 3));

  const withoutRetry = await open(files.afterCrash());
  assertEquals(await readAll(withoutRetry), expected(0, 5));
  await withoutRetry.close();

  const before = files.log.length;
  await journal.append([run(3, lines(3, 2))]);
  assert(!files.log.slice(before).includes(`sync ${SEGMENT}`));
  assertEquals(await readAll(journal), expected(0, 5));
  for (const survivors of [files.afterCrash(), files.afterPowerLoss()]) {
    const again = await open(survivors);
    assertEquals([again.end, again.recovery.pendingFrames], [5, 5]);
    assertEquals(await readAll(again), expected(0, 5));
    await again.close();
  }
  await journal.close();
});

Deno.test("where two segments overlap, the newer one's frames count", async () => {
  const files = new MemoryFiles();
  const journal = await open(files, { sync: "each" });
  await appendLines(journal, 3);
  failNext(files, "sync", "EIO");
  await assertRejects(() => journal.append([run(3, ["old 3\n", "old 4\n", "old 5\n"])]), SystemError);
  await journal.append([run(3, ["new 3\n"])]);
  const again = await open(files.afterCrash());
  assertEquals((await readAll(again)).map(({ text }) => text), [...lines(0, 3), "new 3\n"]);
  assertEquals([again.end, again.recovery.pendingFrames], [4, 4]);
  await again.close();
  await journal.close();
});

Deno.test("with sync = interval, what is appended is synced once in an interval", async () => {
  const files = new MemoryFiles();
  const clock = new ManualClock();
  const journal = await open(files, { sync: "interval", syncIntervalMs: 50, clock });
  const syncs = () => files.log.filter((entry) => entry === `sync ${SEGMENT}`).length;
  await appendLines(journal, 3);
  assertEquals(syncs(), 0);
  await clock.advance(50);
  assertEquals(syncs(), 1);
  await clock.advance(50);
  await clock.advance(50);
  assertEquals(syncs(), 1);
  await appendLines(journal, 3);
  await clock.advance(50);
  assertEquals(syncs(), 2);
  const survived = await open(files.afterPowerLoss());
  assertEquals(await readAll(survived), expected(0, 6));
  await survived.close();
  await journal.close();
});

Deno.test("with sync = interval, frames whose sync failed after their append are written again and synced", async () => {
  for (const synced of [0, 4]) {
    const files = new MemoryFiles();
    const clock = new ManualClock();
    const log = rememberingLog();
    const journal = await open(files, { sync: "interval", syncIntervalMs: 50, clock, log });
    await appendLines(journal, synced);
    await clock.advance(50);
    await appendLines(journal, 5);
    const before = files.log.length;
    failNext(files, "sync", "EIO");
    await clock.advance(50);
    await clock.advance(50);
    assertEquals(journal.end, synced + 5);
    const syncs = files.log.slice(before).filter((entry) => entry === `sync ${SEGMENT}`);
    assertEquals(syncs.length, 1, "the failed file is not synced again");
    assertEquals(await readAll(journal), expected(0, synced + 5));
    for (const survivors of [files.afterPowerLoss(), files.afterCrash()]) {
      const survived = await open(survivors);
      assertEquals(await readAll(survived), expected(0, synced + 5));
      await survived.close();
    }
    await appendLines(journal, 2);
    assertEquals(await readAll(journal), expected(0, synced + 7));
    assertEquals(log.lines.filter((entry) => entry.startsWith("error cannot sync")).length, 1);
    await journal.close();
  }
});

Deno.test("a sync that failed is never repeated on the same file", async () => {
  const files = new MemoryFiles();
  files.put("/j/lock", new Uint8Array(0));
  const writer = await createSegment(optionsFor(files), { base: 0, previousEnd: 0, cursor: 0 });
  files.plan = (operation) => operation === "sync" ? { code: "EIO" } : undefined;
  for (let i = 0; i < 3; i++) await assertRejects(() => writer.sync(), SystemError);
  assertEquals(files.log.filter((entry) => entry === `sync ${SEGMENT}`).length, 1);
  assertEquals(writer.usable, false);
  await writer.close();
});

Deno.test("a rotation whose sync fails with sync = interval loses nothing", async () => {
  const files = new MemoryFiles();
  const journal = await open(files, { sync: "interval", segmentBytes: 700, clock: new ManualClock() });
  await appendLines(journal, 3);
  failNext(files, "sync", "EIO");
  await appendLines(journal, 3);
  assertEquals(await readAll(journal), expected(0, 6));
  const killed = await open(files.afterCrash());
  assertEquals(await readAll(killed), expected(0, 6));
  await killed.close();
  const survived = await open(files.afterPowerLoss());
  assertEquals(await readAll(survived), expected(0, survived.end));
  assert(survived.end >= 3);
  await survived.close();
  await journal.close();
});

Deno.test("with sync = os nothing is synced before the stop, and then everything", async () => {
  const files = new MemoryFiles();
  const clock = new ManualClock();
  const journal = await open(files, { clock, segmentBytes: 700 });
  await appendLines(journal, 10);
  journal.confirm(8);
  await clock.advance(100);
  assertEquals(files.log.filter((entry) => entry.startsWith("sync")), []);
  await journal.close();
  const survived = await open(files.afterPowerLoss());
  assertEquals([survived.cursor, survived.end, survived.recovery.clean], [8, 10, true]);
  await survived.close();
});

Deno.test("a stop that cannot sync says so, and the next start knows that it was not clean", async () => {
  const files = new MemoryFiles();
  const journal = await open(files);
  await appendLines(journal, 2);
  files.plan = (operation, path) => operation === "sync" && path === SEGMENT ? { code: "EIO" } : undefined;
  await assertRejects(() => journal.close(), SystemError);
  files.plan = () => undefined;
  const again = await open(files);
  assertEquals(again.recovery.clean, false);
  await again.close();
});

Deno.test("a cursor that cannot be written is logged once, tried again, and unlinks nothing meanwhile", async () => {
  const files = new MemoryFiles();
  const clock = new ManualClock();
  const log = rememberingLog();
  const journal = await open(files, { clock, log, segmentBytes: 700 });
  await appendLines(journal, 10);
  const { segments } = await journal.usage();
  files.plan = (operation, path) => operation === "write" && path === "/j/cursor" ? { code: "EIO" } : undefined;
  journal.confirm(9);
  for (let i = 0; i < 5; i++) await clock.advance(100);
  assertEquals((await journal.usage()).segments, segments);
  assertEquals(log.lines.filter((entry) => entry.startsWith("error")).length, 1);
  files.plan = () => undefined;
  await clock.advance(100);
  assert((await journal.usage()).segments < segments);
  const killed = await open(files.afterCrash());
  assertEquals(killed.cursor, 9);
  await killed.close();
  await journal.close();
});

Deno.test("a cursor whose sync failed is written to a new file before anything is unlinked", async () => {
  const files = new MemoryFiles();
  const clock = new ManualClock();
  const journal = await open(files, { clock, sync: "each", segmentBytes: 700 });
  await appendLines(journal, 10);
  const { segments } = await journal.usage();
  let failed = false;
  files.plan = (operation, path) => {
    if (failed || operation !== "sync" || path !== "/j/cursor") return undefined;
    failed = true;
    return { code: "EIO" };
  };
  journal.confirm(9);
  await clock.advance(100);
  assertEquals((await journal.usage()).segments, segments);
  const before = files.log.length;
  await clock.advance(100);
  assert(failed && (await journal.usage()).segments < segments);
  assertEquals(files.log.slice(before).filter((entry) => entry.startsWith("sync"))[0], "sync /j/cursor.tmp");
  const survived = await open(files.afterPowerLoss());
  assertEquals(survived.cursor, 9);
  assertEquals(await readAll(survived), expected(9, 10));
  await survived.close();
  await journal.close();
});

Deno.test("while the cursor cannot be synced for want of room it is said once, whatever else is written meanwhile", async () => {
  const files = new MemoryFiles();
  const clock = new ManualClock();
  const log = rememberingLog();
  const journal = await open(files, { clock, log, sync: "each" });
  await appendLines(journal, 10);
  files.plan = (operation, path) =>
    (operation === "write" && path.includes(".seg")) || operation === "syncDirectory" ? { code: "ENOSPC" } : undefined;
  for (let confirmed = 1; confirmed < 6; confirmed++) {
    // The pass that makes room has to sync, the one that follows the cursor need not.
    await assertRejects(() => appendLines(journal, 1), JournalFullError);
    await clock.advance(100);
    journal.confirm(confirmed);
    await clock.advance(100);
  }
  assertEquals(log.lines.filter((entry) => entry.startsWith("error")).length, 1);
  files.plan = () => undefined;
  await appendLines(journal, 1);
  assertEquals(await readAll(journal), expected(5, 11));
  await journal.close();
});

Deno.test("max_bytes rejects an append that would pass it, and appendLast may pass it", async () => {
  const files = new MemoryFiles();
  const clock = new ManualClock();
  const journal = await open(files, { clock, maxBytes: 8000 });
  const error = await assertRejects(() => appendLines(journal, 200), JournalFullError);
  assertEquals(error.reason, "max_bytes");
  const { bytes } = await journal.usage();
  assert(bytes <= 8000 && bytes > 6000);
  const full = journal.end;
  journal.confirm(full - 20);
  await clock.advance(100);
  await appendLines(journal, 3);
  await assertRejects(() => appendLines(journal, 200), JournalFullError);
  await journal.appendLast([run(journal.end, [line(journal.end)])]);
  assertEquals(await readAll(journal), expected(full - 20, journal.end));
  await journal.close();
});

Deno.test("a journal that is full and all delivered makes room by itself", async () => {
  for (
    const changes of [{ maxBytes: 6000 }, { minFreeBytes: 1 }, { maxBytes: 6000, retainMs: 1e9, rewindBytes: 5000 }]
  ) {
    const files = new MemoryFiles();
    // The cursor file has 4608 bytes of it.
    files.free = 12_000;
    files.enforceSpace = true;
    const clock = new ManualClock();
    const journal = await open(files, { clock, ...changes });
    for (let round = 0; round < 3; round++) {
      await assertRejects(() => appendLines(journal, 200), JournalFullError);
      journal.confirm(journal.end);
      for (let i = 0; i < 8; i++) {
        await clock.advance(100);
        // The spool goes on trying; that is how the journal hears of the need.
        await appendLines(journal, 1).catch(() => {});
      }
      await appendLines(journal, 3);
    }
    await journal.close();
  }
});

Deno.test("min_free is kept free, asked for at most every 250 ms, and appendLast may use it", async () => {
  const files = new MemoryFiles();
  files.free = 10_000;
  const clock = new ManualClock();
  const journal = await open(files, { clock, minFreeBytes: 8000 });
  const asked = () => files.log.filter((entry) => entry.startsWith("freeBytes")).length;
  const error = await assertRejects(() => appendLines(journal, 100), JournalFullError);
  assertEquals(error.reason, "min_free");
  assertEquals(asked(), 1);
  const end = journal.end;
  await journal.appendLast([run(end, [line(end)])]);
  assertEquals(journal.end, end + 1);
  files.free = 100_000;
  await clock.advance(250);
  await appendLines(journal, 1).catch(() => {});
  await clock.advance(0);
  await appendLines(journal, 1);
  assertEquals(asked(), 2);
  await journal.close();
});
