/** What `repair` does at the end of a journal: behind the newest segment others may have been begun, or be damaged. */
import { RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES, segmentName } from "../../../src/journal/files/format/segment.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import type { MemoryFiles } from "../../support/memory_files.ts";
import { compressInPlace } from "../support/compress_sample.ts";
import { printed, repaired } from "../support/repair_journal.ts";
import { DIRECTORY, line, open } from "../support/rig.ts";
import { sample } from "../support/sample.ts";
import { verified } from "../support/verify_journal.ts";

const RECORD = RECORD_HEADER_BYTES + line(0).length;
const at = (record: number) => SEGMENT_HEADER_BYTES + record * RECORD;
const sequences = async (files: MemoryFiles) => (await printed(files)).frames.map(({ sequence }) => sequence);

async function assertClean(files: MemoryFiles): Promise<void> {
  assertEquals((await verified(files)).damages, []);
}

Deno.test("what a kill has left unfinished stays that after a repair, with two headers behind it that are cut short", async () => {
  const { files, segments, end } = await sample({ shape: "small", sealed: false });
  files.put(segments[2], files.bytesOf(segments[2]).slice(0, at(3) + 20));
  for (const base of [end, end + 1]) files.put(`${DIRECTORY}/${segmentName(base)}`, new Uint8Array(300).fill(0x53));
  await assertClean(files);
  files.bytesOf(segments[0])[at(1) + 70] ^= 1;
  assertEquals((await repaired(files)).moved.length, 1);
  await assertClean(files);
});

Deno.test("what breaks off before a compressed segment is damage, however little is left of that", async () => {
  for (const left of [0, 39]) {
    const { files, segments } = await sample({ shape: "small", sealed: true });
    files.remove(segments[2]);
    const path = await compressInPlace(files, segments[1]);
    files.put(path, files.bytesOf(path).slice(0, left));
    files.put(segments[0], files.bytesOf(segments[0]).slice(0, at(2) + 27));
    await repaired(files);
    await assertClean(files);
    assertEquals(await repaired(files), { moved: [], failed: [], cursor: undefined });
    assertEquals(await sequences(files), [0, 1]);
  }
});

Deno.test("what breaks off before a newest segment that is garbage is put aside with it, in one repair", async () => {
  const { files, segments, end } = await sample({ shape: "small", sealed: false });
  files.put(segments[2], files.bytesOf(segments[2]).slice(0, at(3) + 20));
  files.put(`${DIRECTORY}/${segmentName(end)}`, new Uint8Array(600).fill(0x55));
  await repaired(files);
  await assertClean(files);
  assertEquals(await sequences(files), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

Deno.test("a segment that was just being created does not come to be an earlier one", async () => {
  const { files, segments } = await sample({ shape: "small", sealed: true });
  files.bytesOf(segments[2])[at(3) + RECORD_HEADER_BYTES] ^= 1;
  // As after a sync that failed: it was to have a part of the frames again.
  files.put(`${DIRECTORY}/${segmentName(10)}`, new Uint8Array(300).fill(0x53));
  await repaired(files);
  await assertClean(files);
  assertEquals(files.bytesOf(`${DIRECTORY}/quarantine/${segmentName(10)}`).length, 300);
  assertEquals(await sequences(files), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

Deno.test("a newest segment of which nothing can be read is not written over by what keeps sequences from being used again", async () => {
  for (const bytes of [0, 300, 600]) {
    const { files, segments, end } = await sample({ shape: "small", sealed: true });
    files.bytesOf(segments[2])[at(3) + RECORD_HEADER_BYTES] ^= 1;
    const garbage = new Uint8Array(bytes).fill(0x55);
    files.put(`${DIRECTORY}/${segmentName(end)}`, garbage.slice());
    const { moved } = await repaired(files);
    await assertClean(files);
    const quarantined = files.paths().filter((path) => path.startsWith("/j/quarantine/"));
    const copies = quarantined.map((path) => files.bytesOf(path)).filter((each) => each.every((byte) => byte === 0x55));
    assertEquals(copies, [garbage], `${bytes} bytes: ${moved.join()}`);
    const copy = quarantined.find((path) => files.bytesOf(path).length === bytes)!;
    assert(moved.includes(`/j/${segmentName(end)} 0+${bytes} > ${copy}`), moved.join());
    const journal = await open(files);
    assertEquals(journal.end, 12);
    await journal.close();
    assertEquals((await verified(files)).missing.map((text) => text.split(" ")[2]), ["11-12"]);
  }
});
