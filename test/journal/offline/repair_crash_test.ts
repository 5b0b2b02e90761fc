/** A repair that is killed, or loses power, at any operation: nothing is lost, and the next one finishes. */
import { assert, assertEquals } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { seeded } from "../../support/random.ts";
import { RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES } from "../../../src/journal/files/format/segment.ts";
import { compressSample } from "../support/compress_sample.ts";
import { examine, SOAK } from "../support/check_recovered.ts";
import { killAt } from "../support/kill_at.ts";
import { durable, printed, repaired } from "../support/repair_journal.ts";
import { line } from "../support/rig.ts";
import { sample } from "../support/sample.ts";
import { verified } from "../support/verify_journal.ts";

const RECORD = RECORD_HEADER_BYTES + line(0).length;
const at = (record: number) => SEGMENT_HEADER_BYTES + record * RECORD;

/** Of compressed segments: a block, the head of the file, the block of the segment's header. */
const COMPRESSED: readonly (readonly [segment: number, byte: number])[] = [[0, 300], [0, 20], [1, 120], [1, 500]];

/** What is damaged, by name: each is another way through the repair. */
const DAMAGES: Readonly<Record<string, (files: MemoryFiles, segments: readonly string[]) => void>> = {
  "headers, records, footer and cursor": (files, segments) => {
    files.bytesOf(segments[0])[20] ^= 1;
    files.bytesOf(segments[0])[at(2) + 20] ^= 1;
    files.bytesOf(segments[1])[at(1) + 70] ^= 1;
    files.bytesOf(segments[2])[at(4) + 20] ^= 1;
    files.bytesOf("/j/cursor")[4096 + 25] ^= 1;
  },
  "the journal's end": (files, segments) => {
    files.bytesOf(segments[2])[at(3) + 70] ^= 1;
    files.bytesOf(segments[2])[at(2) + 70] ^= 1;
  },
  "whole segments and both slots": (files, segments) => {
    files.bytesOf(segments[1]).fill(0x55);
    files.bytesOf(segments[2]).fill(0);
    for (const slot of [0, 4096]) files.bytesOf("/j/cursor")[slot + 25] ^= 1;
  },
};

/** Bytes that must be somewhere: ranges of the files as they were. */
interface Treasure {
  readonly path: string;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

const ORIGINALS: Readonly<Record<string, () => Promise<MemoryFiles>>> = {
  ...Object.fromEntries(Object.entries(DAMAGES).map(([name, damage]) => [name, () => damaged(damage)])),
  "compressed segments": async () => {
    const { files, segments } = await compressSample(await sample({ shape: "holes", sealed: true, cursor: 2 }));
    for (const [segment, byte] of COMPRESSED) files.bytesOf(segments[segment])[byte] ^= 1;
    return durable(files, new MemoryFiles());
  },
};

for (const [name, make] of Object.entries(ORIGINALS)) {
  Deno.test(`a repair killed at any operation loses nothing, and the next one finishes (${name})`, async () => {
    const original = await make();
    for (let n = 1, done = false; !done; n++) {
      for (const part of [0, 0.5, 1]) {
        const files = original.afterCrash();
        if (!await killAt(files, n, part, () => repaired(files))) done = true;
        const what = `killed at operation ${n}, ${part} of it done: ${files.log.at(-1)}`;
        await checkSurvivors(original, files.afterCrash(), what);
      }
    }
  });

  Deno.test(`a repair that loses power at any operation loses nothing, and the next one finishes (${name})`, async () => {
    const original = await make();
    for (let n = 1, done = false; !done; n++) {
      for (let seed = 0; seed < (SOAK ? 100 : 3); seed++) {
        const files = durable(original, new MemoryFiles());
        if (!await killAt(files, n, seed % 2, () => repaired(files))) done = true;
        const what = `power lost at operation ${n}, seed ${seed}: ${files.log.at(-1)}`;
        await checkSurvivors(original, files.afterPowerLoss(seed === 0 ? undefined : seeded(seed)), what);
      }
    }
  });
}

async function damaged(damage: (files: MemoryFiles, segments: readonly string[]) => void): Promise<MemoryFiles> {
  const { files, segments } = await sample({ shape: "small", sealed: true, cursor: 2 });
  damage(files, segments);
  return durable(files, new MemoryFiles());
}

async function checkSurvivors(original: MemoryFiles, files: MemoryFiles, what: string): Promise<void> {
  const { frames } = await printed(original);
  const texts = new Map(frames.map(({ sequence, text }) => [sequence, text]));
  const treasures = await treasuresOf(original);
  assertTreasures(treasures, files, what);
  assertEquals((await printed(files)).frames, frames, what);

  // A daemon may come first: it delivers what is left, and sets aside what the repair had begun.
  const started = files.afterCrash();
  const { delivered, cursor, end } = await examine(started, texts, `${what}, started`);
  assertEquals(delivered, frames.filter(({ sequence }) => sequence >= cursor), what);
  assert(end >= 8, `${what}: the end is ${end}`);
  assertTreasures(treasures.filter(({ path }) => path !== "/j/cursor"), started, `${what}, started`);

  assertEquals((await repaired(files)).failed, [], what);
  assertEquals((await verified(files)).damages, [], `${what}, repaired`);
  assertEquals((await printed(files)).frames, frames, `${what}, repaired`);
  assertTreasures(treasures, files, `${what}, repaired`);
  const paths = files.paths();
  const twice = paths.filter((path) => path.endsWith(".seg") && paths.includes(`${path}.zst`));
  assertEquals(twice, [], `${what}: there compressed too`);
}

async function treasuresOf(files: MemoryFiles): Promise<Treasure[]> {
  return (await verified(files)).damages.map((text) => {
    const [path, range] = text.split(" ");
    const [offset, length] = range.split("+").map(Number);
    return { path, offset, bytes: files.bytesOf(path).slice(offset, offset + length) };
  });
}

/** Each is where it was, or in quarantine. */
function assertTreasures(treasures: readonly Treasure[], files: MemoryFiles, what: string): void {
  const paths = files.paths();
  for (const { path, offset, bytes } of treasures) {
    const isThere = paths.includes(path) && same(files.bytesOf(path).slice(offset, offset + bytes.length), bytes);
    const kept = paths.filter((each) => each.startsWith("/j/quarantine/")).some((each) => {
      const contents = files.bytesOf(each);
      return same(contents, bytes) || same(contents.slice(offset, offset + bytes.length), bytes);
    });
    assert(isThere || kept, `${what}: ${bytes.length} bytes at ${offset} of ${path} are gone`);
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
