/** Walking over files larger than what is read at once. */
import { assert, assertEquals } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { seeded } from "../../support/random.ts";
import { marksOf } from "../../../src/journal/files/format/segment.ts";
import { decodeSegmentHeader } from "../../../src/journal/files/format/segment.ts";
import { walkBatches, walkRecords } from "../../../src/journal/files/segment/walk_records.ts";
import { open, run } from "../support/rig.ts";

const PATH = "/j/00000000000000000000.seg";
const KIB = 1024;

/** Records of all sizes, one frame each, some larger than a whole read; what each frame is. */
async function large(): Promise<{ files: MemoryFiles; frames: string[] }> {
  const files = new MemoryFiles();
  const journal = await open(files);
  const random = seeded(7);
  const frames: string[] = [];
  for (const size of [100, 256 * KIB, 3000 * KIB, 10, 1000 * KIB, 200 * KIB, 5000 * KIB, 1, 64, 255 * KIB]) {
    for (let i = 0; i < 3; i++) frames.push(`${String.fromCharCode(97 + Math.floor(random() * 26)).repeat(size)}\n`);
  }
  for (let i = 0; i < 2000; i++) frames.push(`${"s".repeat(Math.floor(random() * 900))}\n`);
  for (const [first, frame] of frames.entries()) await journal.append([run(first, [frame])]);
  await journal.close();
  return { files, frames };
}

Deno.test("every record of a large file comes whole, wherever its bytes fall in what is read at once", async () => {
  const { files, frames } = await large();
  const file = await files.open(PATH, "read");
  const bytes = files.bytesOf(PATH);
  const marks = marksOf(decodeSegmentHeader(bytes)!.salt);
  const before = files.log.length;
  let first = 0;
  for await (const found of walkRecords(file, { marks, limit: bytes.length, verify: true })) {
    if (found.kind === "footer") continue;
    assert(found.kind === "record", `${found.kind} at ${found.offset}`);
    assertEquals(found.header.first, first);
    const text = new TextDecoder().decode(found.payload);
    assert(text === frames[first], `frame ${first} is another one`);
    first++;
  }
  assertEquals(first, frames.length);
  const reads = files.log.slice(before).length;
  assert(reads < 60, `${reads} reads for ${bytes.length} bytes`);
});

Deno.test("a damaged record of a large file costs itself alone", async () => {
  const { files, frames } = await large();
  const bytes = files.bytesOf(PATH);
  const marks = marksOf(decodeSegmentHeader(bytes)!.salt);
  const offsets: number[] = [];
  const file = oneAtATime(await files.open(PATH, "read"));
  for await (const found of walkRecords(file, { marks, limit: bytes.length, verify: false })) {
    offsets.push(found.offset);
  }
  for (const index of [0, 1, 3, 8, 500]) bytes[offsets[index] + 20] ^= 1;
  const kinds = { record: 0, damage: 0, footer: 0, tail: 0 };
  for await (const batch of walkBatches(file, { marks, limit: bytes.length, verify: true })) {
    for (const { kind } of batch) kinds[kind]++;
  }
  // The first two are one stretch.
  assertEquals(kinds, { record: frames.length - 5, damage: 4, footer: 1, tail: 0 });
});

/** A file that does not bear two calls at once. */
function oneAtATime(file: Awaited<ReturnType<MemoryFiles["open"]>>) {
  let busy = false;
  return {
    path: file.path,
    async readAt(into: Uint8Array, position: number): Promise<number> {
      assert(!busy, "two reads at once");
      busy = true;
      const length = await file.readAt(into, position);
      busy = false;
      return length;
    },
    size: () => file.size(),
    writeAt: () => Promise.reject(new Error("written to")),
    sync: () => Promise.reject(new Error("synced")),
    truncate: () => Promise.reject(new Error("cut")),
    tryLock: () => Promise.reject(new Error("locked")),
    close: () => file.close(),
  };
}
