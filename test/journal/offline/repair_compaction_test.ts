/** Repair and compaction have to do with the same files, one after the other. */
import { assert, assertEquals } from "../../support/assert.ts";
import { seeded } from "../../support/random.ts";
import { compact, journalOf, names } from "../support/compacting.ts";
import { printed, repaired } from "../support/repair_journal.ts";
import { verified } from "../support/verify_journal.ts";

Deno.test("what a compaction has merged and compressed is repaired as any other segment", async () => {
  const original = await journalOf(5, 16);
  await compact(original);
  assertEquals(names(original).length, 2);
  const path = original.paths().find((each) => each.endsWith(".seg.zst"))!;
  const { frames } = await printed(original);
  const random = seeded(4);
  for (let n = 0; n < 60; n++) {
    const files = original.afterCrash();
    const at = Math.floor(random() * files.bytesOf(path).length);
    files.bytesOf(path)[at] ^= 1 << n % 8;
    const before = await printed(files);
    assert(before.frames.length >= frames.length - 1, `byte ${at}: ${before.frames.length} frames are left`);
    assertEquals((await repaired(files)).failed, [], `byte ${at}`);
    assertEquals((await verified(files)).damages, [], `byte ${at}`);
    assertEquals((await printed(files)).frames, before.frames, `byte ${at}`);
    assertEquals(names(files)[0], "0.seg", `byte ${at}`);
  }
});

Deno.test("what a repair has left is compacted as any other segment", async () => {
  const files = await journalOf(5, 16);
  const [first, second, third] = files.paths().filter((each) => each.endsWith(".seg"));
  files.bytesOf(first)[600] ^= 1;
  files.bytesOf(second).fill(0x55);
  files.bytesOf(third)[20] ^= 1;
  await repaired(files);
  const { frames } = await printed(files);
  const { warnings } = await compact(files);
  assertEquals(warnings, []);
  assertEquals((await verified(files)).damages, []);
  assertEquals((await printed(files)).frames, frames);
});
