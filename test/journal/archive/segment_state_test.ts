/** What `ls` calls a segment: damaged only where `verify` finds the same. */
import { findSegments } from "../../../src/journal/files/archive/find_segments.ts";
import { FOOTER_BYTES } from "../../../src/journal/files/format/segment.ts";
import { stateOf, tallySegment } from "../../../src/journal/files/archive/segment_state.ts";
import { assertEquals } from "../../support/assert.ts";
import type { MemoryFiles } from "../../support/memory_files.ts";
import { compressInPlace } from "../support/compress_sample.ts";
import { appendLines, DIRECTORY, open } from "../support/rig.ts";
import { sample } from "../support/sample.ts";
import { verified } from "../support/verify_journal.ts";

async function states(files: MemoryFiles): Promise<string[]> {
  const states: string[] = [];
  for (const segment of await findSegments(files, [DIRECTORY])) {
    states.push(stateOf(segment, (await tallySegment(files, segment))!));
  }
  return states;
}

Deno.test("a segment that is delivered, sealed, open", async () => {
  const { files } = await sample({ shape: "small", sealed: false, cursor: 4 });
  assertEquals(await states(files), ["sealed", "open"]);
});

Deno.test("a segment that could not be sealed or synced is not damaged for that", async () => {
  const { files } = await sample({ shape: "small", sealed: true });
  const journal = await open(files, { sync: "each" });
  await appendLines(journal, 2);
  files.plan = (operation) => operation === "sync" ? { code: "EIO" } : undefined;
  await appendLines(journal, 1).catch(() => {});
  files.plan = () => undefined;
  await appendLines(journal, 2);
  await journal.close();
  assertEquals((await verified(files)).damages, []);
  assertEquals(await states(files), ["sealed", "sealed", "sealed", "sealed", "sealed"]);
});

Deno.test("without its footer a segment is damaged if there is anything in it that is no record", async () => {
  const { files, segments } = await sample({ shape: "small", sealed: true });
  const cut = files.bytesOf(segments[1]).slice(0, -FOOTER_BYTES);
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ["sealed", cut],
    ["damaged", cut.slice(0, -5)],
    ["damaged", cut.with(512 + 20, 1)],
    ["damaged", Uint8Array.of(...cut, 0, 0, 0)],
  ];
  for (const [state, bytes] of cases) {
    files.put(segments[1], bytes);
    assertEquals((await states(files))[1], state);
    assertEquals((await verified(files)).damages.length, state === "damaged" ? 1 : 0);
  }
});

Deno.test("nothing is written to a compressed segment: it is never open, and what is cut off of it is damage", async () => {
  const { files, segments } = await sample({ shape: "small", sealed: true });
  const path = await compressInPlace(files, segments[2]);
  assertEquals((await states(files))[2], "compressed");
  const whole = files.bytesOf(path).slice();
  for (const size of [1, 40, 63, 64, 200, whole.length - 300]) {
    files.put(path, whole.slice(0, size));
    assertEquals((await states(files))[2], "damaged", `${size} bytes`);
    assertEquals((await verified(files)).damages.length > 0, true, `${size} bytes`);
  }
});

Deno.test("a newest segment of less than a header is being created, one whose header is wrong is damaged", async () => {
  for (const [bytes, state, damages] of [[0, "open", 0], [511, "open", 0], [512, "damaged", 1]] as const) {
    const { files, segments } = await sample({ shape: "small", sealed: true });
    files.put(segments[2], new Uint8Array(bytes).fill(0x53));
    assertEquals((await states(files))[2], state, `${bytes} bytes`);
    assertEquals((await verified(files)).damages.length, damages);
  }
});
