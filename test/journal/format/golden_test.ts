/** The bytes on disk are a promise to every later release: these files were committed with the first one. */
import { assertEquals } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { createFramer } from "../../../src/framing/framing.ts";
import { scanJournal } from "../../support/scan_journal.ts";
import { CompressedSegment } from "../../../src/journal/files/segment/compressed_file.ts";
import { GOLDEN_FRAMES, goldenCompressed, goldenFiles } from "./golden/generate.ts";
import { DIRECTORY, lineFramer, open, readAll } from "../support/rig.ts";

const NAMES = ["00000000000000000000.seg", "00000000000000000012.seg", "cursor"];

function committed(name: string): Uint8Array {
  return Deno.readFileSync(new URL(`golden/v1/${name}`, import.meta.url));
}

function committedJournal(): MemoryFiles {
  const files = new MemoryFiles();
  for (const name of NAMES) files.put(`${DIRECTORY}/${name}`, committed(name));
  return files;
}

Deno.test("today's writer produces the golden files byte for byte", async () => {
  const golden = await goldenFiles();
  assertEquals([...golden.keys()], NAMES);
  for (const [name, bytes] of golden) assertEquals(bytes, committed(name), name);
});

Deno.test("today's reader delivers what the golden files hold, from their cursor on", async () => {
  const framer = createFramer({ type: "octet-count", maxFrame: 1024 });
  const journal = await open(committedJournal(), { framer });
  assertEquals([journal.cursor, journal.end], [2, 14]);
  assertEquals(journal.recovery, {
    clean: false,
    unreadFrames: 0,
    atRiskBytes: 40,
    pendingFrames: 5,
    pendingBytes: GOLDEN_FRAMES.slice(2).reduce((sum, { text }) => sum + text.length, 0),
    truncatedBytes: 0,
  });
  assertEquals(await readAll(journal), GOLDEN_FRAMES.slice(2));
  assertEquals(await readAll(journal, 0), GOLDEN_FRAMES);
  await journal.close();
});

Deno.test("today's scan reads the golden files", async () => {
  const text: string[] = [];
  for await (const found of scanJournal(committedJournal(), DIRECTORY, lineFramer)) {
    if (found.kind !== "record") throw new Error(`${found.kind} in a golden file`);
    text.push(new TextDecoder().decode(found.payload));
  }
  assertEquals(text.join(""), GOLDEN_FRAMES.map((frame) => frame.text).join(""));
});

const COMPRESSED = "compressed/00000000000000000000.seg.zst";

Deno.test("today's reader gives from the compressed golden file the golden segment", async () => {
  const files = committedJournal();
  files.remove(`${DIRECTORY}/${NAMES[0]}`);
  files.put(`${DIRECTORY}/${NAMES[0]}.zst`, committed(COMPRESSED));
  const view = await CompressedSegment.open(files, `${DIRECTORY}/${NAMES[0]}.zst`);
  const bytes = new Uint8Array(await view.size());
  await view.readAt(bytes, 0);
  assertEquals(bytes, committed(NAMES[0]));
  assertEquals(await view.damagedExtras(), []);
  view.close();
  const journal = await open(files, { framer: createFramer({ type: "octet-count", maxFrame: 1024 }) });
  assertEquals(await readAll(journal, 0), GOLDEN_FRAMES);
  await journal.close();
});

Deno.test("today's writer frames the compressed golden file as it was, whatever zstd makes of the parts", async () => {
  const [, bytes] = await goldenCompressed(await goldenFiles());
  const then = committed(COMPRESSED);
  assertEquals(bytes.subarray(0, 64), then.subarray(0, 64), "head");
  // Skippable frame, magic, salt, offset and length; then what depends on zstd.
  assertEquals(bytes.subarray(64, 64 + 32), then.subarray(64, 64 + 32), "first block");
  assertEquals(bytes.subarray(-52, -52 + 28), then.subarray(-52, -52 + 28), "trailer");
});
