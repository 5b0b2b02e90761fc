/** A compressed segment reads as the original, and damage in it costs what it would cost there. */
import { SpillwayError } from "../../../src/base/error.ts";
import { CompressedSegment } from "../../../src/journal/files/segment/compressed_file.ts";
import { encodePreamble, FORMAT_VERSION } from "../../../src/journal/files/format/preamble.ts";
import { listSegments } from "../../../src/journal/files/segment/segment_files.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { seeded } from "../../support/random.ts";
import { compressInPlace, compressSample, without } from "../support/compress_sample.ts";
import { examine, printFigures, SOAK } from "../support/check_recovered.ts";
import { appendLines, DIRECTORY, expected, ManualClock, open, readAll } from "../support/rig.ts";
import { type Sample, sample, type SampleOptions, touched } from "../support/sample.ts";

const SAMPLES: readonly SampleOptions[] = [
  { shape: "small", sealed: false },
  { shape: "large", sealed: true },
  { shape: "holes", sealed: true, cursor: 0 },
];

/** Where they are not, `assertEquals` would take minutes to show how. */
function assertSame(found: Uint8Array, expected: Uint8Array, what = "bytes"): void {
  const at = found.findIndex((byte, i) => byte !== expected[i]);
  assert(
    found.length === expected.length && at === -1,
    `${what}: ${found.length} of ${expected.length}, differ at ${at}`,
  );
}

async function readBack(files: MemoryFiles, path: string): Promise<Uint8Array> {
  const view = await CompressedSegment.open(files, path);
  try {
    const bytes = new Uint8Array(await view.size());
    assertEquals(await view.readAt(bytes, 0), bytes.length);
    return bytes;
  } finally {
    view.close();
  }
}

/** Whole segments of one size after the other, some larger than what is decompressed at once. */
async function severalSizes(): Promise<{ files: MemoryFiles; path: string; original: Uint8Array }> {
  const files = new MemoryFiles();
  const journal = await open(files);
  for (const size of [0, 100, 5_000, 200_000, 900_000, 0, 70_000]) await appendLines(journal, 1, "x".repeat(size));
  await journal.close();
  const path = `${DIRECTORY}/00000000000000000000.seg`;
  const original = files.bytesOf(path).slice();
  return { files, path: await compressInPlace(files, path), original };
}

Deno.test("a compressed segment reads as the original, any stretch of it", async () => {
  const { files, path, original } = await severalSizes();
  assert(files.bytesOf(path).length < original.length / 10, "it is compressed");
  assertSame(await readBack(files, path), original);
  const view = await CompressedSegment.open(files, path);
  const random = seeded(1);
  for (let i = 0; i < 300; i++) {
    const from = Math.floor(random() * (original.length + 10));
    const into = new Uint8Array(Math.floor(random() * (i % 3 === 0 ? 600 : 300_000)));
    const length = await view.readAt(into, from);
    assertSame(into.subarray(0, length), original.subarray(from, from + into.length), `${into.length} at ${from}`);
  }
  view.close();
});

Deno.test("header and footer of a compressed segment cost a handful of reads, however many records it has", async () => {
  const files = new MemoryFiles();
  const journal = await open(files);
  await appendLines(journal, 3000);
  await journal.close();
  const path = await compressInPlace(files, `${DIRECTORY}/00000000000000000000.seg`);
  const before = files.log.length;
  const view = await CompressedSegment.open(files, path);
  const bytes = new Uint8Array(512);
  await view.readAt(bytes, 0);
  await view.readAt(bytes.subarray(0, 96), await view.size() - 96);
  view.close();
  const reads = files.log.slice(before).filter((entry) => entry.startsWith("read"));
  assert(reads.length <= 5, reads.join("\n"));
});

Deno.test("where a segment is there both ways, the original counts", async () => {
  const { files, segments } = await sample({ shape: "small", sealed: true });
  const original = files.bytesOf(segments[0]).slice();
  await compressInPlace(files, segments[0]);
  assertEquals((await listSegments(files, DIRECTORY)).map(({ name }) => name.slice(17)), [
    "000.seg.zst",
    "004.seg",
    "008.seg",
  ]);
  files.put(segments[0], original);
  assertEquals((await listSegments(files, DIRECTORY)).map(({ name }) => name.slice(17)), [
    "000.seg",
    "004.seg",
    "008.seg",
  ]);
});

for (const options of SAMPLES) {
  Deno.test(`a journal with compressed segments is delivered as any other (${options.shape})`, async () => {
    const { files, frames } = await compressSample(await sample(options));
    const { delivered, damages } = await examine(files, frames, "compressed");
    assertEquals(delivered.length, frames.size);
    assertEquals(damages, []);
  });
}

Deno.test("a journal of which the newest segment is compressed goes on after it", async () => {
  const { files, segments } = await sample({ shape: "small", sealed: true });
  for (const path of segments) await compressInPlace(files, path);
  const journal = await open(files);
  await appendLines(journal, 3);
  assertEquals(await readAll(journal), expected(0, 15));
  await journal.close();
});

Deno.test("a newest segment that is compressed and damaged is neither cut nor written to", async () => {
  const { files, segments } = await sample({ shape: "small", sealed: true });
  const path = await compressInPlace(files, segments[2]);
  const bytes = files.bytesOf(path);
  for (let at = bytes.length - 300; at < bytes.length; at++) bytes[at] ^= 0x55;
  const damaged = bytes.slice();
  const journal = await open(files);
  await appendLines(journal, 2);
  await readAll(journal);
  await journal.close();
  assertEquals(files.bytesOf(path), damaged);
});

Deno.test("a compressed segment of a newer version is refused by name, and stays as it is", async () => {
  const { files, segments } = await sample({ shape: "small", sealed: true });
  const path = await compressInPlace(files, segments[0]);
  encodePreamble(files.bytesOf(path).subarray(8), "SPILLZST", FORMAT_VERSION + 1);
  const before = files.bytesOf(path).slice();
  await assertRejects(() => open(files), SpillwayError, `${path}: format version 2`);
  assertEquals(files.bytesOf(path), before);
});

Deno.test("the housekeeping of a full disk cuts no compressed segment", async () => {
  const { files, segments } = await sample({ shape: "small", sealed: true });
  for (const path of segments) await compressInPlace(files, path);
  const clock = new ManualClock();
  const journal = await open(files, { clock });
  journal.confirm(12);
  await clock.advance(100);
  files.plan = (operation) => operation === "write" ? { code: "ENOSPC" } : undefined;
  const before = files.bytesOf(`${segments[2]}.zst`).slice();
  for (let i = 0; i < 5; i++) {
    await assertRejects(() => appendLines(journal, 1), Error);
    await clock.advance(100);
  }
  assertEquals(files.bytesOf(`${segments[2]}.zst`), before);
  files.plan = () => undefined;
  await appendLines(journal, 1);
  await journal.close();
});

for (const options of SAMPLES) {
  Deno.test(`a flipped bit in a compressed segment costs at most the record it stands in (${options.shape})`, async () => {
    const original = await compressSample(await sample(options));
    const path = original.segments[1];
    const size = original.files.bytesOf(path).length;
    for (let bit = 0; bit < size * 8; bit += SOAK ? 1 : 8 * Math.ceil(size / 400) + 1) {
      await checkFlip(original, path, bit);
    }
    printFigures("flipped in a compressed segment");
  });
}

async function checkFlip(original: Sample, path: string, bit: number): Promise<void> {
  const files = original.files.afterCrash();
  const at = bit >> 3;
  files.bytesOf(path)[at] ^= 1 << (bit & 7);
  const what = `bit ${bit & 7} of byte ${at} of ${path}`;
  const { delivered, damages } = await examine(files, original.frames, what);
  const hit = touched(original, path, at, at + 1);
  assertEquals(delivered.map(({ sequence }) => sequence), without(original, hit), what);
  assert(
    damages.filter(({ where }) => !where.includes(": 0 bytes ")).length >= hit.length,
    `${what}: damage is not reported`,
  );
  await checkNamed(files, path, at, what);
}

/** The flipped byte is in what is named as damaged: by the checks of the compressed file or as a part of the original. */
async function checkNamed(files: MemoryFiles, path: string, at: number, what: string): Promise<void> {
  const view = await CompressedSegment.open(files, path);
  const named = [...await view.damagedExtras()];
  const bytes = new Uint8Array(await view.size());
  await view.readAt(bytes, 0);
  for (let from = 0; from < bytes.length;) {
    let until = from;
    while (until < bytes.length && bytes[until] === 0xff) until++;
    if (until - from > 16) named.push(await view.rangeInFile(from, until - from));
    from = until + 1;
  }
  view.close();
  const covers = named.some(({ offset, bytes }) => at >= offset && at < offset + bytes);
  assert(covers, `${what} is in none of ${JSON.stringify(named)}`);
}

for (const options of SAMPLES) {
  Deno.test(`a compressed segment cut anywhere gives what stands before the cut (${options.shape})`, async () => {
    const original = await compressSample(await sample(options));
    const path = original.segments[1];
    const bytes = original.files.bytesOf(path);
    for (let size = 0; size < bytes.length; size += SOAK ? 1 : Math.ceil(bytes.length / 400)) {
      const files = original.files.afterCrash();
      files.put(path, bytes.subarray(0, size));
      const what = `${path} cut to ${size} of ${bytes.length} bytes`;
      const { delivered } = await examine(files, original.frames, what);
      const gone = touched(original, path, size, bytes.length);
      assertEquals(delivered.map(({ sequence }) => sequence), without(original, gone), what);
    }
    printFigures("cut compressed segment");
  });
}

Deno.test("head, index and trailer can all be gone: the blocks are found by their salt", async () => {
  const { files, path, original } = await severalSizes();
  const view = await CompressedSegment.open(files, path);
  const { offset, bytes: blocks } = await view.rangeInFile(512, original.length - 512);
  view.close();
  const bytes = files.bytesOf(path);
  bytes.fill(0x33, 0, 64);
  bytes.fill(0x33, offset + blocks);
  assertSame(await readBack(files, path), original);
});

Deno.test("with a damaged index a damaged block header costs its record alone", async () => {
  const original = await compressSample(await sample({ shape: "holes", sealed: true }));
  const path = original.segments[1];
  const records = original.records.filter((record) => record.path === path);
  const bytes = original.files.bytesOf(path);
  bytes[records.at(-1)!.end + 200] ^= 1; // behind the footer: the index
  bytes[records[1].offset + 20] ^= 1;
  const { delivered } = await examine(original.files, original.frames, "two flipped bits");
  assertEquals(delivered.map(({ sequence }) => sequence), without(original, [records[1]]));
});

Deno.test("what is no compressed segment at all reads as damage of its own size", async () => {
  for (const size of [0, 1, 63, 64, 500, 5000]) {
    const files = new MemoryFiles();
    files.put(`${DIRECTORY}/00000000000000000000.seg.zst`, new Uint8Array(size).fill(0x41));
    const read = await readBack(files, `${DIRECTORY}/00000000000000000000.seg.zst`);
    assertEquals(read, new Uint8Array(size).fill(0xff));
  }
});

Deno.test("zstd gives back the original, and finds a flipped bit by itself", async (t) => {
  const { files, path, original } = await severalSizes();
  const directory = await Deno.makeTempDir({ prefix: "spillway-zstd-" });
  const name = `${directory}/segment.zst`;
  const zstd = async (flag: string) => {
    const command = new Deno.Command("zstd", { args: [flag, name], stderr: "null" });
    return await command.output().catch(() => undefined);
  };
  const bytes = files.bytesOf(path).slice();
  await Deno.writeFile(name, bytes);
  const found = await zstd("-dc");
  await t.step({
    name: found === undefined ? "skipped: needs the Debian package zstd" : "zstd -dc",
    ignore: found === undefined,
    fn() {
      assertEquals(found!.code, 0);
      assertSame(found!.stdout, original);
    },
  });
  if (found !== undefined) {
    assertEquals((await zstd("-t"))!.code, 0);
    bytes[bytes.length >> 1] ^= 1;
    await Deno.writeFile(name, bytes);
    assertEquals((await zstd("-t"))!.code, 1);
  }
  await Deno.remove(directory, { recursive: true });
});
