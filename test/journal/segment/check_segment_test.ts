/** Reading a segment file beside the daemon that writes it, and past damage. */
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { SystemError } from "../../../src/base/error.ts";
import { scanJournal } from "../../support/scan_journal.ts";
import { appendLines, DIRECTORY, lineFramer, lines, ManualClock, open, run } from "../support/rig.ts";

async function scanned(files: MemoryFiles) {
  const text: string[] = [];
  const other: string[] = [];
  for await (const found of scanJournal(files, DIRECTORY, lineFramer)) {
    if (found.kind === "record") text.push(new TextDecoder().decode(found.payload));
    else other.push(`${found.kind} ${found.segment} ${found.offset}+${found.bytes}`);
  }
  return { text: text.join(""), other };
}

Deno.test("a scan sees every frame of a journal that a daemon has open, and changes nothing", async () => {
  const files = new MemoryFiles();
  const journal = await open(files, { segmentBytes: 700 });
  await appendLines(journal, 30);
  const before = files.log.length;
  assertEquals(await scanned(files), { text: lines(0, 30).join(""), other: [] });
  const operations = new Set(files.log.slice(before).map((entry) => entry.split(" ")[0]));
  assertEquals([...operations].sort(), ["list", "open", "read", "stat"]);
  await journal.close();
  assertEquals(await scanned(files), { text: lines(0, 30).join(""), other: [] });
});

Deno.test("a scan passes over damage, and tells an unfinished write from it", async () => {
  const files = new MemoryFiles();
  const journal = await open(files, { segmentBytes: 587 + 75 });
  await appendLines(journal, 4);
  const path = "/j/00000000000000000000.seg";
  files.bytesOf(path)[512 + 64] ^= 1;
  const last = "/j/00000000000000000002.seg";
  files.put(last, files.bytesOf(last).slice(0, -3));
  assertEquals(await scanned(files), {
    text: lines(1, 2).join(""),
    other: ["damage 00000000000000000000.seg 512+75", "unfinished 00000000000000000002.seg 587+72"],
  });
  await journal.close().catch(() => {});
});

Deno.test("a scan takes the newest segment's header, cut short, for an unfinished write, an older one's for damage", async () => {
  const files = new MemoryFiles();
  const journal = await open(files, { segmentBytes: 587 + 75 });
  await appendLines(journal, 6);
  for (const base of [2, 4]) {
    const path = `/j/${String(base).padStart(20, "0")}.seg`;
    files.put(path, files.bytesOf(path).slice(0, 256));
  }
  assertEquals(await scanned(files), {
    text: lines(0, 2).join(""),
    other: ["damage 00000000000000000002.seg 0+256", "unfinished 00000000000000000004.seg 0+256"],
  });
  await journal.close().catch(() => {});
});

Deno.test("a scan takes frames that are in two segments from the newer one", async () => {
  const files = new MemoryFiles();
  const journal = await open(files, { sync: "each" });
  await appendLines(journal, 3);
  files.plan = (operation) => operation === "sync" ? { code: "EIO" } : undefined;
  await assertRejects(() => journal.append([run(3, lines(3, 2))]), SystemError);
  files.plan = () => undefined;
  await journal.append([run(3, ["newer\n"])]);
  assertEquals((await scanned(files)).text, [...lines(0, 3), "newer\n"].join(""));
  await journal.close();
});

Deno.test("a scan goes on where segments are unlinked and added under its hands", async () => {
  const files = new MemoryFiles();
  const clock = new ManualClock();
  const journal = await open(files, { segmentBytes: 600, clock });
  await appendLines(journal, 20);
  const seen: number[] = [];
  for await (const found of scanJournal(files, DIRECTORY, lineFramer)) {
    if (found.kind === "record") seen.push(found.header.first);
    if (seen.length === 5) {
      journal.confirm(12);
      await clock.advance(100);
      await appendLines(journal, 4);
    }
  }
  assertEquals(seen, [0, 1, 2, 3, 4, 5, ...Array.from({ length: 12 }, (_, i) => 12 + i)]);
  await journal.close();
});
