/** What opening a journal refuses, repairs and reports. */
import { assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { crc32 } from "node:zlib";
import { SpillwayError } from "../../../src/base/error.ts";
import { silentLog } from "../../../src/base/log.ts";
import { SLOT_OFFSETS } from "../../../src/journal/files/format/cursor.ts";
import { openJournal } from "../../../src/journal/files/log/open.ts";
import { currentRuntime } from "../../../src/runtime/current.ts";
import { appendLines, expected, open, optionsFor, readAll } from "../support/rig.ts";

Deno.test("a segment of a newer format version is refused by name, found and known version, and nothing is touched", async () => {
  for (const name of ["00000000000000000000.seg", "00000000000000000006.seg", "cursor"]) {
    const files = new MemoryFiles();
    const journal = await open(files, { segmentBytes: 600 });
    await appendLines(journal, 8);
    await journal.close();
    const path = `/j/${name}`;
    setVersion(files.bytesOf(path), 2);
    const before = new Map(files.paths().map((each) => [each, files.bytesOf(each).slice()]));
    const error = await assertRejects(() => open(files), SpillwayError);
    assertEquals(error.message, `${path}: format version 2, this program knows versions up to 1`);
    before.delete("/j/lock");
    for (const [each, bytes] of before) assertEquals(files.bytesOf(each), bytes, each);
    assertEquals(files.paths().filter((each) => each !== "/j/lock"), [...before.keys()]);
    setVersion(files.bytesOf(path), 1);
    const again = await open(files);
    assertEquals(await readAll(again), expected(0, 8));
    await again.close();
  }
});

/** As a later release would write it: magic, version, and a checksum over both. */
function setVersion(bytes: Uint8Array, version: number): void {
  const slots = bytes.length === 4096 + 512 ? [0, 4096] : [0];
  for (const slot of slots) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + slot);
    if (view.getUint32(8, true) === 0) continue;
    view.setUint32(8, version, true);
    view.setUint32(12, crc32(bytes.subarray(slot, slot + 12)), true);
  }
}

Deno.test("a flipped bit in the version is damage and not a newer version", async () => {
  const files = new MemoryFiles();
  const journal = await open(files);
  await appendLines(journal, 3);
  await journal.close();
  files.bytesOf("/j/00000000000000000000.seg")[8] ^= 2;
  const again = await open(files);
  assertEquals(await readAll(again), expected(0, 3));
  await again.close();
});

Deno.test("a second opener is told directory and holder, with the exit code for busy", async () => {
  const files = new MemoryFiles();
  const journal = await open(files, { holder: "pid 4711" });
  const error = await assertRejects(() => open(files, { holder: "pid 4712" }), SpillwayError);
  assertEquals([error.message, error.exit], ["journal /j: in use by pid 4711", 75]);
  await journal.close();
  await (await open(files)).close();
});

Deno.test("on a real file system a second opener is refused too, and gets in after the first has closed", async () => {
  const { files } = await currentRuntime();
  const directory = await Deno.makeTempDir();
  try {
    const options = { ...optionsFor(new MemoryFiles()), files, log: silentLog, directory: `${directory}/a/b` };
    const journal = await openJournal(options);
    await appendLines(journal, 100);
    const error = await assertRejects(() => openJournal(options), SpillwayError);
    assertEquals(error.exit, 75);
    assertMatch(error.message, /a\/b: in use by pid 1$/);
    await journal.close();
    const again = await openJournal(options);
    assertEquals(await readAll(again), expected(0, 100));
    assertEquals(Deno.statSync(options.directory).mode! & 0o777, 0o700);
    for (const { name } of Deno.readDirSync(options.directory)) {
      assertEquals(Deno.statSync(`${options.directory}/${name}`).mode! & 0o777, 0o600, name);
    }
    await again.close();
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a directory that may not be written names path and user", async () => {
  for (const operation of ["makeDirectory", "open"]) {
    const files = new MemoryFiles();
    files.plan = (each) => each === operation ? { code: "EACCES" } : undefined;
    const error = await assertRejects(() => open(files, { user: "uid 1000" }), SpillwayError);
    assertMatch(error.message, /^journal \/j: not usable by uid 1000: .*\/j.*permission denied/);
  }
});

Deno.test("opening does not read the payloads of any segment but the last, and of that one only if it is not sealed", async () => {
  const files = new MemoryFiles();
  const journal = await open(files, { segmentBytes: 64 * 1024 });
  await appendLines(journal, 100, "x".repeat(10_000));
  await journal.close();
  let read = 0;
  files.plan = (operation) => {
    if (operation === "read") read++;
    return undefined;
  };
  const again = await open(files);
  assertEquals(again.recovery.pendingFrames, 100);
  // Header and footer of each of the 15 segments, the cursor.
  assertEquals(read, 2 * (await again.usage()).segments + 1);
  await again.close();
});

Deno.test("a failing read of one segment's end does not keep the journal from opening", async () => {
  const files = new MemoryFiles();
  const journal = await open(files, { segmentBytes: 600 });
  await appendLines(journal, 8);
  await journal.close();
  files.plan = (operation, path) => {
    return operation === "read" && path.endsWith("0002.seg") ? { code: "EIO" } : undefined;
  };
  const again = await open(files);
  assertEquals(again.end, 8);
  await again.close();
});

Deno.test("a stop with bytes in memory that could not be appended is not clean, and says how many", async () => {
  const files = new MemoryFiles();
  const journal = await open(files);
  await appendLines(journal, 3);
  await journal.boundRisk(500);
  await journal.close();
  const again = await open(files);
  assertEquals([again.recovery.clean, again.recovery.atRiskBytes], [false, 500]);
  await again.close();
});

Deno.test("if a slot of the cursor file cannot be read that may have been newer, the bytes in memory alone are not known", async () => {
  const files = new MemoryFiles();
  const journal = await open(files);
  await appendLines(journal, 3);
  await journal.boundRisk(500);
  const killed = files.afterCrash();
  assertEquals((await open(killed.afterCrash())).recovery.atRiskBytes, 500);
  // The slot of 500 bytes; the one before says 0.
  killed.bytesOf("/j/cursor")[SLOT_OFFSETS[0] + 32] ^= 1;
  const again = await open(killed);
  assertEquals([again.recovery.clean, again.recovery.atRiskBytes], [false, undefined]);
  await again.close();
  await journal.close();
});

Deno.test("a file that was to take a segment's place and did not is set aside", async () => {
  const files = new MemoryFiles();
  const journal = await open(files);
  await appendLines(journal, 3);
  await journal.close();
  const leftover = Uint8Array.of(1, 2, 3);
  files.put("/j/00000000000000000000.seg.tmp", leftover);
  const again = await open(files);
  assertEquals(files.bytesOf("/j/quarantine/00000000000000000000.seg.tmp"), leftover);
  assertEquals(await readAll(again), expected(0, 3));
  await again.close();
});

Deno.test("with create = false a directory that is not there is an error, and none is made", async () => {
  const files = new MemoryFiles();
  const error = await assertRejects(() => open(files, { create: false }), SpillwayError);
  assertEquals(error.message, "journal /j: not there, and journal.create is false");
  assertEquals(await files.stat("/j"), undefined);
  await files.makeDirectory("/j");
  await (await open(files, { create: false })).close();
});
