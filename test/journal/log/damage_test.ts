/** What the reader of a journal does with damaged segments: quarantine, reports, and the frames that are left. */
import { assert, assertEquals } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { seeded } from "../../support/random.ts";
import { FOOTER_BYTES, RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES } from "../../../src/journal/files/format/segment.ts";
import type { Damage, Journal } from "../../../src/journal/journal.ts";
import { appendLines, expected, line, open, readAll, run } from "../support/rig.ts";

const LINE = line(0).length;
const RECORD = RECORD_HEADER_BYTES + LINE;

/** Three segments of four frames each, a record for each frame; the last one not sealed, as after a kill. */
async function threeSegments(): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  const journal = await open(files, { segmentBytes: SEGMENT_HEADER_BYTES + 4 * RECORD });
  await appendLines(journal, 12);
  assertEquals(segmentPaths(files).length, 3);
  return files.afterCrash();
}

function segmentPaths(files: MemoryFiles): string[] {
  return files.paths().filter((path) => /^\/j\/\d+\.seg$/.test(path));
}

function listen(journal: Journal): Damage[] {
  const damages: Damage[] = [];
  journal.onDamage = (damage) => damages.push(damage);
  return damages;
}

Deno.test("damaged bytes are in quarantine as they were", async () => {
  const files = await threeSegments();
  const [path] = segmentPaths(files);
  const offset = SEGMENT_HEADER_BYTES + RECORD;
  files.bytesOf(path)[offset + RECORD_HEADER_BYTES] ^= 1;
  const damaged = files.bytesOf(path).slice(offset, offset + RECORD);
  const journal = await open(files);
  const damages = listen(journal);
  assertEquals((await readAll(journal)).map(({ sequence }) => sequence), [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  assertEquals(files.bytesOf(`/j/quarantine/00000000000000000000-${offset}.bad`), damaged);
  assertEquals(damages, [{
    where: `00000000000000000000.seg: ${damaged.length} bytes at byte ${offset}`,
    from: 1,
    until: 2,
    frames: 1,
    payloadBytes: LINE,
    counted: true,
  }]);
  await journal.close();
});

Deno.test("what is in quarantine survives a power loss, whatever the policy", async () => {
  for (const sync of ["os", "interval", "each"] as const) {
    const files = await threeSegments();
    // The journal's directory is no new one.
    files.put("/j/lock", new Uint8Array(0));
    const path = segmentPaths(files)[2];
    const offset = SEGMENT_HEADER_BYTES + 3 * RECORD;
    files.bytesOf(path)[offset + RECORD_HEADER_BYTES] ^= 1;
    const tail = files.bytesOf(path).slice(offset);
    const journal = await open(files, { sync });
    const refused = await journal.quarantine(2, new TextEncoder().encode(line(2)));
    for (let seed = 0; seed < 20; seed++) {
      const survived = files.afterPowerLoss(seeded(seed));
      assertEquals(survived.bytesOf(`/j/quarantine/00000000000000000008-${offset}.bad`), tail);
      assertEquals(survived.bytesOf(refused), new TextEncoder().encode(line(2)));
    }
    await journal.close();
  }
});

Deno.test("other damage at the same place is kept beside the first", async () => {
  const files = await threeSegments();
  const path = segmentPaths(files)[2];
  const offset = SEGMENT_HEADER_BYTES + 3 * RECORD;
  const flipped = () => files.bytesOf(path)[offset + 70] ^= 1;
  flipped();
  const record = files.bytesOf(path).slice(offset);
  await (await open(files)).close();
  // The footer that was written in its place.
  flipped();
  const footer = files.bytesOf(path).slice(offset);
  await (await open(files)).close();
  assertEquals(files.bytesOf(`/j/quarantine/00000000000000000008-${offset}.bad`), record);
  assertEquals(files.bytesOf(`/j/quarantine/00000000000000000008-${offset}.bad.1`), footer);
});

Deno.test("frames that cannot be read count as given up when their segment is", async () => {
  const files = await threeSegments();
  files.bytesOf(segmentPaths(files)[1])[SEGMENT_HEADER_BYTES + RECORD + 20] ^= 1;
  const journal = await open(files);
  assertEquals(await journal.count(4, 8), { frames: 4, bytes: 4 * LINE });
  await journal.close();
});

Deno.test("the damaged end of the last segment is copied to quarantine before it is cut off", async () => {
  const files = await threeSegments();
  const path = segmentPaths(files)[2];
  const offset = SEGMENT_HEADER_BYTES + 2 * RECORD;
  for (const at of [offset, offset + RECORD]) files.bytesOf(path)[at + RECORD_HEADER_BYTES] ^= 1;
  const tail = files.bytesOf(path).slice(offset);
  const journal = await open(files);
  assertEquals(files.bytesOf(`/j/quarantine/00000000000000000008-${offset}.bad`), tail);
  assertEquals(files.bytesOf(path).length, offset + FOOTER_BYTES);
  assertEquals(listen(journal).map(({ from, until }) => [from, until]), [[10, 12]]);
  assertEquals(journal.end, 12);
  await journal.close();
});

for (const hole of [0, 1]) {
  Deno.test(`what a failed sync has left takes no frame of the newer segment with it when it is damaged (hole of ${hole})`, async () => {
    const files = new MemoryFiles();
    const journal = await open(files, { sync: "each" });
    await appendLines(journal, 4);
    files.plan = (operation) => operation === "sync" ? { code: "EIO" } : undefined;
    await journal.append([run(4, [line(4)]), run(5, [line(5)]), run(6, [line(6)])]).catch(() => {});
    files.plan = () => undefined;
    for (let first = 4 + hole; first < 8; first++) await journal.append([run(first, [line(first)])]);
    const killed = files.afterCrash();
    // The first record that was not promised to survive.
    killed.bytesOf(segmentPaths(killed)[0])[SEGMENT_HEADER_BYTES + 4 * RECORD + 20] ^= 1;
    const again = await open(killed);
    const damages = listen(again);
    assertEquals(await readAll(again), [...expected(0, 4), ...expected(4 + hole, 8)]);
    assertEquals(damages.length, hole);
    await again.close();
    await journal.close();
  });
}

Deno.test("a record of another segment, where a header and what follows were lost, is not taken for one of this", async () => {
  const files = await threeSegments();
  const [first, , last] = segmentPaths(files);
  const stale = files.bytesOf(first).slice(SEGMENT_HEADER_BYTES, SEGMENT_HEADER_BYTES + RECORD);
  files.bytesOf(last).fill(0, 0, SEGMENT_HEADER_BYTES);
  files.bytesOf(last).set(stale, SEGMENT_HEADER_BYTES);
  // A salt of its own, as every segment has it outside of the tests: the stale record's is another one.
  const journal = await open(files);
  assertEquals(await readAll(journal), [...expected(0, 8), ...expected(9, 12)]);
  assertEquals(journal.recovery.pendingFrames, 11);
  await journal.close();
});

Deno.test("a segment that was removed by hand is reported as a loss, and the others are delivered", async () => {
  for (const [index, lost] of [[0, [0, 4]], [1, [4, 8]]] as const) {
    const files = await threeSegments();
    files.remove(segmentPaths(files)[index]);
    const journal = await open(files);
    const damages = listen(journal);
    const delivered = await readAll(journal);
    const left = [...expected(0, lost[0]), ...expected(lost[1], 12)];
    assertEquals(delivered, left, `without segment ${index}`);
    assertEquals(damages.map(({ from, until, counted }) => ({ from, until, counted })), [
      { from: lost[0], until: lost[1], counted: false },
    ]);
    assert(damages[0].where.includes(": 0 bytes at byte "), damages[0].where);
    await journal.close();
  }
});

Deno.test("a segment that vanishes while the journal is open is reported, and reading goes on", async () => {
  const files = await threeSegments();
  const journal = await open(files);
  const damages = listen(journal);
  files.remove(segmentPaths(files)[1]);
  assertEquals((await readAll(journal)).map(({ sequence }) => sequence), [0, 1, 2, 3, 8, 9, 10, 11]);
  assertEquals(damages.map(({ from, until, counted }) => ({ from, until, counted })), [
    { from: 4, until: 8, counted: true },
  ]);
  await journal.close();
});

Deno.test("a bad sector costs the records in it and nothing else", async () => {
  const files = await threeSegments();
  const path = segmentPaths(files)[0];
  const journal = await open(files);
  files.plan = (operation, name) => operation === "read" && name === path ? { code: "EIO" } : undefined;
  assertEquals((await readAll(journal)).map(({ sequence }) => sequence), [4, 5, 6, 7, 8, 9, 10, 11]);
  files.plan = () => undefined;
  await journal.close();
});

/** A record as a sender could forge it that knows the format but not the salt of the segment. */
async function forgedRecord(): Promise<Uint8Array> {
  const files = new MemoryFiles();
  const journal = await open(files, { randomBytes: () => Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) });
  await journal.append([run(1, ["forged\n"])]);
  return files.bytesOf(segmentPaths(files)[0]).slice(SEGMENT_HEADER_BYTES);
}

/** Frame 0, then frame 1 with a forged record inside, then frame 2, sealed. */
async function journalWithForgery(): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  const journal = await open(files);
  const forged = await forgedRecord();
  const carrier = run(1, [`${"x".repeat(forged.length)}\n`]);
  carrier.buffer.bytes.set(forged);
  for (const each of [run(0, [line(0)]), carrier, run(2, [line(2)])]) await journal.append([each]);
  await journal.close();
  return files;
}

Deno.test("bytes in a payload that look like a record are never taken for one", async () => {
  const files = await journalWithForgery();
  // The header of the record that carries the forgery is damaged: the next record is searched for inside its payload.
  files.bytesOf(segmentPaths(files)[0])[SEGMENT_HEADER_BYTES + RECORD + 20] ^= 1;
  const journal = await open(files);
  assertEquals((await readAll(journal)).map(({ sequence, text }) => [sequence, text]), [[0, line(0)], [2, line(2)]]);
  await journal.close();
});

Deno.test("a forged record is not taken for one even where the segment's own salt is damaged", async () => {
  const files = await journalWithForgery();
  const bytes = files.bytesOf(segmentPaths(files)[0]);
  for (const at of [35, SEGMENT_HEADER_BYTES + 5, SEGMENT_HEADER_BYTES + RECORD + 20]) bytes[at] ^= 1;
  const journal = await open(files);
  assertEquals((await readAll(journal)).map(({ sequence, text }) => [sequence, text]), [[2, line(2)]]);
  await journal.close();
});
