/** Reading the files of a journal while a daemon or a compaction works in its directory. */
import { findSegments } from "../../../src/journal/files/archive/find_segments.ts";
import { planRead } from "../../../src/journal/files/archive/read_plan.ts";
import { readArchive } from "../../../src/journal/files/archive/read_archive.ts";
import { tallySegment } from "../../../src/journal/files/archive/segment_state.ts";
import type { ArchiveItem, Selection } from "../../../src/journal/archive.ts";
import { assertEquals } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { compressInPlace } from "../support/compress_sample.ts";
import { repaired } from "../support/repair_journal.ts";
import { line, lines, ManualClock, open, readAll, run } from "../support/rig.ts";

const name = (base: number) => `${String(base).padStart(20, "0")}.seg`;

/** Segments with `sizes` frames, one record per frame. */
async function journal(
  sizes: readonly number[],
  changes: { cursor?: number; salt?: number } = {},
): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  for (const size of sizes) {
    const journal = await open(files, {
      retainMs: 1e9,
      randomBytes: (count) => new Uint8Array(count).fill(changes.salt ?? 7),
    });
    for (const text of lines(journal.end, size)) await journal.append([run(journal.end, [text])]);
    journal.confirm(Math.min(changes.cursor ?? 0, journal.end));
    await journal.close();
  }
  return files;
}

interface Read {
  text: string;
  readonly other: string[];
}

/** Everything that is selected; `meanwhile` happens once the reader has the frame `at`. */
async function read(
  files: MemoryFiles,
  selection: Selection,
  at = Infinity,
  meanwhile: () => unknown = () => {},
  paths: readonly string[] = ["/j"],
): Promise<Read> {
  const found: Read = { text: "", other: [] };
  const segments = await findSegments(files, paths);
  for await (const passage of readArchive(files, segments, selection)) {
    if (passage.kind === "frames") found.text += new TextDecoder().decode(passage.bytes);
    else found.other.push(said(passage));
    if (passage.kind === "frames" && passage.first === at) await meanwhile();
  }
  return found;
}

function said(passage: Exclude<ArchiveItem, { kind: "frames" }>): string {
  if (passage.kind === "damage") return `damage ${passage.offset}`;
  return `${passage.kind} ${passage.from}-${passage.until}`;
}

Deno.test("a file that a compaction merges with others while we read is read in its new place", async () => {
  const files = await journal([4, 4, 4, 4]);
  const merged = (await journal([12], { salt: 8 })).bytesOf(`/j/${name(0)}`).slice();
  const found = await read(files, {}, 1, async () => {
    files.put(`/j/${name(0)}`, merged);
    for (const base of [4, 8]) await files.unlink(`/j/${name(base)}`);
  });
  assertEquals(found, { text: lines(0, 16).join(""), other: [] });
});

for (const compressed of [false, true]) {
  const form = compressed ? "compressed" : "as they are";
  Deno.test(`segments that are merged, ${form}, under the name of one that is still to be read`, async () => {
    const files = await journal([4, 4, 4, 4]);
    const later = new MemoryFiles();
    for (const size of [4, 8]) {
      const salted = await open(later, { retainMs: 1e9, randomBytes: (count) => new Uint8Array(count).fill(9) });
      await salted.append([run(salted.end, lines(salted.end, size))]);
      await salted.close();
    }
    files.put(`/j/aside`, later.bytesOf(`/j/${name(4)}`).slice());
    const found = await read(files, {}, 1, async () => {
      await files.rename("/j/aside", `/j/${name(4)}`);
      await files.unlink(`/j/${name(8)}`);
      if (compressed) await compressInPlace(files, `/j/${name(4)}`);
    });
    assertEquals(found, { text: lines(0, 16).join(""), other: [] });
  });
}

Deno.test("of a merged file only what was asked for is read", async () => {
  const files = await journal([4, 4, 4, 4]);
  const merged = (await journal([12], { salt: 8 })).bytesOf(`/j/${name(0)}`).slice();
  const segments = [`/j/${name(4)}`, `/j/${name(8)}`];
  const found = await read(files, {}, 5, async () => {
    files.put(`/j/${name(0)}`, merged);
    for (const base of [4, 8]) await files.unlink(`/j/${name(base)}`);
  }, segments);
  assertEquals(found, { text: lines(4, 8).join(""), other: [] });
  const single = await journal([4, 4, 4]);
  const archive = await findSegments(single, [`/j/${name(4)}`]);
  single.put(`/j/${name(0)}`, merged);
  await single.unlink(`/j/${name(4)}`);
  const text: string[] = [];
  for await (const passage of readArchive(single, archive, {})) {
    text.push(passage.kind === "frames" ? new TextDecoder().decode(passage.bytes) : said(passage));
  }
  assertEquals(text, lines(4, 4));
});

Deno.test("what the daemon has delivered and removed meanwhile is no loss, and is told", async () => {
  const files = await journal([4, 4, 4]);
  const delivered = (await journal([4, 4, 4], { cursor: 8 })).bytesOf("/j/cursor").slice();
  const found = await read(files, {}, 1, async () => {
    files.put("/j/cursor", delivered);
    await files.unlink(`/j/${name(4)}`);
  });
  assertEquals(found, { text: [...lines(0, 4), ...lines(8, 4)].join(""), other: ["removed 4-8"] });
});

Deno.test("a file that is gone and whose frames were not delivered is missing", async () => {
  const files = await journal([4, 4, 4]);
  const found = await read(files, {}, 1, () => files.unlink(`/j/${name(4)}`));
  assertEquals(found, { text: [...lines(0, 4), ...lines(8, 4)].join(""), other: ["missing 4-8"] });
});

Deno.test("a file that is unlinked while it is read is read to its end", async () => {
  const files = await journal([4, 4]);
  const found = await read(files, {}, 1, () => files.unlink(`/j/${name(0)}`));
  assertEquals(found, { text: lines(0, 8).join(""), other: [] });
});

Deno.test("a copy of a segment is not read again, and overlapping ones give each frame once", async () => {
  const files = await journal([4, 4, 4]);
  files.put(`/copy/${name(4)}`, files.bytesOf(`/j/${name(4)}`).slice());
  // Whatever is wrong with the second one.
  files.bytesOf(`/j/${name(4)}`)[512 + 64] ^= 1;
  const all = (await journal([10])).bytesOf(`/j/${name(0)}`).slice();
  files.put(`/other/${name(0)}`, all);
  assertEquals(await read(files, {}, Infinity, () => {}, ["/copy", "/j", "/other"]), {
    text: lines(0, 12).join(""),
    other: [],
  });
});

Deno.test("payloads before the first frame that is wanted are not looked at", async () => {
  const files = await journal([4, 4]);
  files.bytesOf(`/j/${name(0)}`)[512 + 64] ^= 1;
  assertEquals(await read(files, { from: 2 }), { text: lines(2, 6).join(""), other: [] });
  assertEquals(await read(files, { from: 0 }), { text: lines(1, 7).join(""), other: ["damage 512"] });
});

Deno.test("paths are expanded where nothing has their name, and only there", async () => {
  const files = await journal([2, 2, 2]);
  const paths = async (...given: readonly string[]) => (await findSegments(files, given)).map(({ base }) => base);
  assertEquals(await paths("/j/*.seg"), [0, 2, 4]);
  assertEquals(await paths("/j/*[!02].seg", "/?/*2.seg"), [2, 4]);
  assertEquals(await paths("/j*"), [0, 2, 4]);
});

Deno.test("what a daemon appends while we read is not waited for", async () => {
  const files = await journal([4]);
  const clock = new ManualClock();
  const daemon = await open(files, { clock });
  await daemon.append([run(4, lines(4, 1))]);
  const found = await read(files, {}, 2, async () => {
    await daemon.append([run(5, lines(5, 3))]);
  });
  assertEquals(found.text, lines(0, 5).join(""));
  await daemon.close();
});

Deno.test("a segment without a footer that is gone when its records are to be counted is left out of a listing", async () => {
  const files = await journal([4, 4]);
  files.put(`/j/${name(4)}`, files.bytesOf(`/j/${name(4)}`).slice(0, -96));
  const archive = await findSegments(files, ["/j"]);
  await files.unlink(`/j/${name(4)}`);
  const tallies = [];
  for (const segment of archive) tallies.push((await tallySegment(files, segment))?.frames);
  assertEquals(tallies, [4, undefined]);
});

Deno.test("what breaks off in a segment that is not written to any more is damage, at the end of the newest it is not", async () => {
  const files = await journal([4, 4]);
  const cut = (base: number) => files.put(`/j/${name(base)}`, files.bytesOf(`/j/${name(base)}`).slice(0, -96 - 20));
  cut(4);
  assertEquals(await read(files, {}), { text: lines(0, 7).join(""), other: [] });
  cut(0);
  assertEquals((await read(files, {}, Infinity, () => {}, [`/j/${name(0)}`])).other, ["damage 737"]);
});

Deno.test("what is pending without a usable cursor is what the daemon would deliver next", async () => {
  const files = await journal([4, 4, 4], { cursor: 6 });
  for (const slot of [0, 4096]) files.bytesOf("/j/cursor")[slot + 30] ^= 1;
  const found = await read(files, { pending: true });
  const daemon = await open(files, { retainMs: 1e9 });
  assertEquals(found, { text: lines(daemon.cursor, 12 - daemon.cursor).join(""), other: [] });
  assertEquals(daemon.cursor, 6);
  await daemon.close();
});

Deno.test("a segment that is repaired while we read others is read as it is then", async () => {
  const files = await journal([4, 4, 4]);
  const original = files.bytesOf(`/j/${name(4)}`).slice();
  // Its last record and its footer are moved away, and a footer follows that counts the others.
  const repairedFiles = files.afterCrash();
  repairedFiles.bytesOf(`/j/${name(4)}`)[original.length - 96 - 3] ^= 1;
  await repaired(repairedFiles);
  const found = await read(files, {}, 1, () => files.put(`/j/${name(4)}`, repairedFiles.bytesOf(`/j/${name(4)}`)));
  assertEquals(found, { text: [...lines(0, 7), ...lines(8, 4)].join(""), other: ["missing 7-8"] });
});

Deno.test("of two copies of a frame the newer one counts if it was asked for, else the one that was", async () => {
  const files = new MemoryFiles();
  const live = await open(files, { sync: "each" });
  for (let first = 0; first < 3; first++) await live.append([run(first, [line(first)])]);
  files.plan = (operation) => operation === "sync" ? { code: "EIO" } : undefined;
  await live.append([run(3, lines(3, 2))]).catch(() => {});
  files.plan = () => undefined;
  const before = files.afterCrash();
  await live.append([run(3, lines(3, 4))]);
  const [older, newer] = files.paths().filter((path) => path.endsWith(".seg"));
  assertEquals(await read(files, {}), { text: lines(0, 7).join(""), other: [] });
  assertEquals(await read(files, {}, Infinity, () => {}, [older]), { text: lines(0, 5).join(""), other: [] });
  const archive = await findSegments(files, [older]);
  assertEquals((await planRead(files, archive, {})).frames, 5);
  // Damage does not count either where the newer one has it whole.
  const rotten = files.afterCrash();
  const bytes = rotten.bytesOf(older);
  bytes[bytes.length - 3] ^= 1;
  assertEquals(await read(rotten, {}), { text: lines(0, 7).join(""), other: [] });
  bytes[bytes.length - 2 * line(0).length - 20] ^= 1;
  assertEquals(await read(rotten, {}), { text: lines(0, 7).join(""), other: [] });
  // Nor does the newer one if it has no whole record: at the next start nothing is left of it.
  const wrong = files.afterCrash();
  for (let i = 512 + 64; i < wrong.bytesOf(newer).length; i += 20) wrong.bytesOf(newer)[i] ^= 1;
  assertEquals((await read(wrong, {})).text, lines(0, 5).join(""));
  const started = await open(wrong, { retainMs: 1e9 });
  assertEquals((await readAll(started)).map(({ text }) => text), lines(0, 5));
  await started.close();
  // The newer one comes while the older one is read.
  const found = await read(before, {}, 0, () => before.put(newer, files.bytesOf(newer)));
  assertEquals(found, { text: lines(0, 5).join(""), other: [] });
  await live.close();
});

Deno.test("of many files of one directory, that is looked at once", async () => {
  const files = await journal([4, 4, 4, 4]);
  const paths = [0, 4, 8, 12].map((base) => `/j/${name(base)}`);
  const before = files.log.length;
  assertEquals((await findSegments(files, paths)).map(({ newest }) => newest), [false, false, false, true]);
  const looks = files.log.slice(before).filter((entry) => entry === "list /j" || entry === "open /j/cursor");
  assertEquals(looks, ["list /j", "open /j/cursor"]);
});

Deno.test("of a directory, frames that are pending and in no file are missing, from the first one on", async () => {
  const expectations = [
    { cursor: 0, gone: [0], other: ["missing 0-4"] },
    { cursor: 2, gone: [0, 4], other: ["missing 2-8"] },
    { cursor: 4, gone: [0], other: [] },
    { cursor: 7, gone: [0, 4], other: ["missing 7-8"] },
  ];
  for (const { cursor, gone, other } of expectations) {
    const files = await journal([4, 4, 4], { cursor });
    for (const base of gone) files.remove(`/j/${name(base)}`);
    const first = 4 * gone.length;
    const text = lines(first, 12 - first).join("");
    for (const pending of [false, true]) {
      assertEquals(await read(files, { pending }), { text, other }, `${cursor} ${gone} ${pending}`);
      const { missing } = await planRead(files, await findSegments(files, ["/j"]), { pending });
      assertEquals(missing.map(({ from, until }) => `missing ${from}-${until}`), other);
    }
    // Who names single files has asked for nothing else.
    assertEquals(await read(files, {}, Infinity, () => {}, ["/j/*.seg"]), { text, other: [] });
    for (const both of [["/j/*.seg", "/j"], ["/j", "/j/*.seg"]]) {
      assertEquals(await read(files, {}, Infinity, () => {}, both), { text, other }, both.join(" "));
    }
    // Half a cursor may have held a newer one.
    const bytes = files.bytesOf("/j/cursor");
    bytes[bytes[16] > bytes[4096 + 16] ? 30 : 4096 + 30] ^= 1;
    assertEquals(await read(files, {}), { text, other: [] });
  }
});

Deno.test("a file that a pattern has found and that is gone before it is looked at is no wrong path", async () => {
  const files = await journal([4, 4, 4]);
  let removed = false;
  files.plan = (operation, path) => {
    if (!removed && operation === "stat" && path === `/j/${name(0)}`) {
      removed = true;
      files.remove(path);
    }
    return undefined;
  };
  const archive = await findSegments(files, ["/j/*.seg"]);
  assertEquals(archive.map(({ base }) => base), [4, 8]);
});
