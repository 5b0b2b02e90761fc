/** What `verify` names, on journals whose every byte is known. */
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { SpillwayError } from "../../../src/base/error.ts";
import { findSegments } from "../../../src/journal/files/archive/find_segments.ts";
import { checkCursor } from "../../../src/journal/files/directory/check_cursor.ts";
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  RECORD_HEADER_BYTES,
  SEGMENT_HEADER_BYTES,
  segmentName,
} from "../../../src/journal/files/format/segment.ts";
import { CURSOR_MAGIC } from "../../../src/journal/files/format/cursor.ts";
import { encodePreamble } from "../../../src/journal/files/format/preamble.ts";
import { compact, journalOf } from "../support/compacting.ts";
import { DIRECTORY, line } from "../support/rig.ts";
import { sample } from "../support/sample.ts";
import { findings, verified } from "../support/verify_journal.ts";

const RECORD = RECORD_HEADER_BYTES + line(0).length;
const at = (record: number) => SEGMENT_HEADER_BYTES + record * RECORD;

Deno.test("a journal as it was written has nothing to name, sealed or killed, with holes and without", async () => {
  for (const shape of ["small", "large", "holes"] as const) {
    for (const sealed of [true, false]) {
      const { files, frames } = await sample({ shape, sealed, cursor: 2 });
      assertEquals(await verified(files), { damages: [], missing: [], frames: frames.size }, `${shape} ${sealed}`);
    }
  }
});

Deno.test("each place that is not as written is one range, with its frames where a header has them", async () => {
  const { files, segments } = await sample({ shape: "small", sealed: true });
  const [first, second, third] = segments.map((path) => files.bytesOf(path));
  first[20] ^= 1;
  first[at(1) + RECORD_HEADER_BYTES] ^= 1;
  second[at(3) + 5] ^= 1;
  third[third.length - 1] ^= 1;
  files.bytesOf("/j/cursor")[4096 + 30] ^= 1;
  const { damages, missing, frames } = await verified(files);
  assertEquals(damages, [
    "/j/cursor 4096+512",
    `${segments[0]} 0+512`,
    `${segments[0]} ${at(1)}+${RECORD} frames 1-2`,
    `${segments[1]} ${at(3)}+${RECORD}`,
    `${segments[2]} ${at(4)}+96`,
  ]);
  // The footer behind the damaged header of record 7 says how far its segment went.
  assertEquals(missing, [`${segments[1]} ${at(4)} 7-8`]);
  assertEquals(frames, 10);
});

Deno.test("what a kill leaves at the end of the newest segment is no damage; at the end of another it is", async () => {
  for (const [index, expected] of [[1, 1], [2, 0]] as const) {
    const { files, segments } = await sample({ shape: "small", sealed: false });
    const cut = files.bytesOf(segments[index]).slice(0, at(3) + 20);
    files.put(segments[index], cut);
    assertEquals((await verified(files)).damages.length, expected, `segment ${index}`);
  }
});

Deno.test("behind what a kill leaves there may be a segment that was just being created, and no other", async () => {
  for (const [bytes, expected] of [[0, 0], [300, 0], [512, 1]]) {
    const { files, segments, end } = await sample({ shape: "small", sealed: false });
    const before = decodeSegmentHeader(files.bytesOf(segments[2]))!;
    const header = encodeSegmentHeader({ ...before, base: end });
    files.put(segments[2], files.bytesOf(segments[2]).slice(0, at(3) + 20));
    files.put(`${DIRECTORY}/${segmentName(end)}`, header.slice(0, bytes));
    const found = await verified(files);
    assertEquals(found.damages.length, expected, `${bytes} bytes: ${found.damages}`);
    if (expected > 0) assert(found.damages[0].startsWith(segments[2]), found.damages[0]);
    const alone = await findings(files, await findSegments(files, [segments[2]]), new Map());
    assertEquals(alone.damages.length, expected, `${bytes} bytes, named alone`);
  }
});

Deno.test("frames of a segment that was removed by hand are missing; delivered ones are not", async () => {
  const expectations = [
    // The first segment is gone, delivered or not.
    { cursor: 4, gone: 0, missing: [] },
    { cursor: 2, gone: 0, missing: ["2-4"] },
    { cursor: 0, gone: 1, missing: ["4-8"] },
    // What follows is in no file any more.
    { cursor: 0, gone: 2, missing: [] },
  ];
  for (const { cursor, gone, missing } of expectations) {
    const { files, segments } = await sample({ shape: "small", sealed: true, cursor });
    if (files.paths().includes(segments[gone])) files.remove(segments[gone]);
    const found = await verified(files);
    assertEquals(found.damages, []);
    assertEquals(found.missing.map((text) => text.split(" ")[2]), missing, `segment ${gone}, cursor ${cursor}`);
  }
});

Deno.test("nothing is called missing on the word of half a cursor", async () => {
  const { files, segments } = await sample({ shape: "small", sealed: true, cursor: 2 });
  files.remove(segments[0]);
  const bytes = files.bytesOf("/j/cursor");
  bytes[bytes[16] > bytes[4096 + 16] ? 30 : 4096 + 30] ^= 1;
  const { damages, missing } = await verified(files);
  assertEquals([damages.length, missing], [1, []]);
});

Deno.test("a flipped bit anywhere in the cursor file is named, in the range that it stands in", async () => {
  const { files } = await sample({ shape: "small", sealed: true, cursor: 2 });
  const original = files.bytesOf("/j/cursor").slice();
  for (let offset = 0; offset < original.length; offset++) {
    const damaged = original.slice();
    damaged[offset] ^= 1 << offset % 8;
    files.put("/j/cursor", damaged);
    const { damages: [range, ...more] } = await checkCursor(files, DIRECTORY);
    assertEquals(more, []);
    assert(range.offset <= offset && offset < range.offset + range.bytes, `byte ${offset}: ${JSON.stringify(range)}`);
  }
});

Deno.test("cursor files as the daemon may leave them are whole; without any valid slot the file is damaged", async () => {
  const { files } = await sample({ shape: "small", sealed: true, cursor: 2 });
  const whole = files.bytesOf("/j/cursor").slice();
  const damagesOf = async (bytes: Uint8Array) => {
    files.put("/j/cursor", bytes);
    return (await checkCursor(files, DIRECTORY)).damages.map(({ offset, bytes }) => `${offset}+${bytes}`);
  };
  const without = (from: number) => {
    const bytes = whole.slice();
    return bytes.fill(0, from, from + 512);
  };
  assertEquals(await damagesOf(without(0)), []);
  assertEquals(await damagesOf(without(4096)), []);
  assertEquals(await damagesOf(whole.slice(0, 512)), []);
  assertEquals(await damagesOf(new Uint8Array(4608)), ["0+4608"]);
  assertEquals(await damagesOf(new Uint8Array(0)), ["0+0"]);
  assertEquals(await damagesOf(Uint8Array.of(...whole, 1)), ["4608+1"]);
  // What a file that ends too early has in a wrong place, up to its end.
  assertEquals(await damagesOf(Uint8Array.of(...whole.slice(0, 1000), 1)), ["512+489"]);
  files.remove("/j/cursor");
  assertEquals((await checkCursor(files, DIRECTORY)).damages, []);
});

Deno.test("a cursor of a newer version is refused by name", async () => {
  const { files } = await sample({ shape: "small", sealed: true });
  encodePreamble(files.bytesOf("/j/cursor"), CURSOR_MAGIC, 9);
  const error = await assertRejects(() => checkCursor(files, DIRECTORY), SpillwayError);
  assertEquals(error.message, "/j/cursor: format version 9, this program knows versions up to 1");
});

Deno.test("a segment that is removed while others are checked is passed over, and nothing is missing for it", async () => {
  const { files, segments } = await sample({ shape: "small", sealed: true });
  const archive = await findSegments(files, [DIRECTORY]);
  files.remove(segments[1]);
  const { damages, missing, frames } = await findings(files, archive, new Map());
  assertEquals({ damages, missing, frames }, { damages: [], missing: [], frames: 8 });
});

Deno.test("a file that cannot be read at all is an error, not a hang", async () => {
  const files: MemoryFiles = (await sample({ shape: "small", sealed: true })).files;
  const archive = await findSegments(files, [DIRECTORY]);
  files.plan = (operation) => operation === "read" ? { code: "EACCES" } : undefined;
  await assertRejects(() => findings(files, archive, new Map()), Error, "EACCES");
});

Deno.test("segments that a compaction makes one of while others are checked are no damage, and nothing is missing", async () => {
  const files = await journalOf(5, 20);
  const archive = await findSegments(files, [DIRECTORY]);
  await compact(files);
  assertEquals(await findings(files, archive, new Map([[DIRECTORY, 20]])), { damages: [], missing: [], frames: 20 });
});

Deno.test("damage of a file that was compressed after it was listed is named by the name that it has now", async () => {
  const files = await journalOf(2, 8);
  const archive = await findSegments(files, [DIRECTORY]);
  await compact(files);
  const path = `${archive[0].path}.zst`;
  files.bytesOf(path)[700] ^= 1;
  const { damages } = await findings(files, archive, new Map());
  assertEquals(damages.map((text) => text.split(" ")[0]), [path]);
});
