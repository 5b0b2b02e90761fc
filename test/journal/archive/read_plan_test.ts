/** What a replay is told before it begins, against what it then reads. */
import { findSegments } from "../../../src/journal/files/archive/find_segments.ts";
import { planRead } from "../../../src/journal/files/archive/read_plan.ts";
import { readArchive } from "../../../src/journal/files/archive/read_archive.ts";
import type { Selection } from "../../../src/journal/archive.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { seeded } from "../../support/random.ts";
import { appendLines, lines, open, run } from "../support/rig.ts";
import { sample, segmentsOf } from "../support/sample.ts";

async function planOf(files: MemoryFiles, selection: Selection = {}, paths: readonly string[] = ["/j"]) {
  return await planRead(files, await findSegments(files, paths), selection);
}

/** What reading gives for the same selection. */
async function readOf(files: MemoryFiles, selection: Selection) {
  const read = { frames: 0, bytes: 0, first: undefined as number | undefined, missing: [] as string[] };
  for await (const passage of readArchive(files, await findSegments(files, ["/j"]), selection)) {
    if (passage.kind === "missing") read.missing.push(`${passage.from}-${passage.until}`);
    if (passage.kind !== "frames") continue;
    read.first ??= passage.first;
    read.frames += passage.frames;
    read.bytes += passage.bytes.length;
  }
  return read;
}

for (const shape of ["small", "large", "holes"] as const) {
  for (const removed of [undefined, 0, 1, 2]) {
    const what = removed === undefined ? "whole" : `without its segment ${removed}`;
    Deno.test(`the plan of a journal of shape ${shape}, ${what}, is what is then read, whatever is selected`, async () => {
      const { files, end } = await sample({ shape, sealed: removed !== 1, cursor: 3 });
      if (removed !== undefined) await files.unlink(segmentsOf(files)[removed]);
      const random = seeded(removed ?? 7);
      const some = (below: number) => random() < 0.4 ? undefined : Math.floor(random() * below);
      for (let i = 0; i < 200; i++) {
        const selection: Selection = {
          from: some(end),
          until: some(end + 5),
          sinceUs: some(end * 20_000),
          beforeUs: some(end * 25_000),
          limit: some(end),
          pending: random() < 0.3,
        };
        const { frames, bytes, first, missing } = await planOf(files, selection);
        const ranges = missing.map((each) => `${each.from}-${each.until}`);
        assertEquals(
          { frames, bytes, first, missing: ranges },
          await readOf(files, selection),
          JSON.stringify(selection),
        );
      }
    });
  }
}

Deno.test("a plan of whole segments without holes reads nothing but headers and footers", async () => {
  const files = new MemoryFiles();
  const journal = await open(files, { segmentBytes: 700 });
  await appendLines(journal, 200);
  await journal.close();
  const segments = await findSegments(files, ["/j"]);
  assert(segments.length > 50);
  const before = files.log.length;
  assertEquals((await planRead(files, segments, {})).frames, 200);
  assertEquals(files.log.slice(before), [], "the archive had it all");
  // In the middle of a segment its record headers are needed, and those of no other.
  await planRead(files, segments, { from: segments[10].base + 1 });
  const opened = files.log.slice(before).filter((entry) => entry.startsWith("open"));
  assertEquals(opened, [`open ${segments[10].path}`]);
});

Deno.test("what is damaged is not announced as missing: the reading will find it", async () => {
  for (const offset of [530, 577]) {
    const { files } = await sample({ shape: "holes", sealed: true });
    for (const path of segmentsOf(files)) files.bytesOf(path)[offset] ^= 1;
    assertEquals((await planOf(files)).missing, []);
  }
});

Deno.test("what a newer segment has again counts once", async () => {
  const files = new MemoryFiles();
  const journal = await open(files, { sync: "each" });
  await appendLines(journal, 3);
  files.plan = (operation) => operation === "sync" ? { code: "EIO" } : undefined;
  await journal.append([run(3, lines(3, 2))]).catch(() => {});
  files.plan = () => undefined;
  await journal.append([run(3, lines(3, 4))]);
  await journal.close();
  const { frames, bytes, missing } = await planOf(files);
  assertEquals({ frames, bytes, missing }, { frames: 7, bytes: 77, missing: [] });
  assertEquals((await readOf(files, {})).frames, 7);
});

Deno.test("what was delivered from memory between two segments is not missing", async () => {
  const files = new MemoryFiles();
  for (const first of [0, 10]) {
    const journal = await open(files);
    await journal.append([run(first, lines(first, 4))]);
    await journal.close();
  }
  const { frames, missing } = await planOf(files);
  assertEquals({ frames, missing }, { frames: 8, missing: [] });
});

Deno.test("every record's time is told where it is asked for", async () => {
  const { files } = await sample({ shape: "small", sealed: true });
  const times: number[] = [];
  await planRead(files, await findSegments(files, ["/j"]), { from: 2, until: 6 }, (timeUs) => times.push(timeUs));
  assertEquals(times, [40_000, 60_000, 80_000, 100_000]);
});
