/**
 * One bit flipped, anywhere in a journal of three segments or its cursor:
 * `verify` names the range, `cat` gives the rest and says so, `repair` leaves a
 * clean journal with every undamaged frame, and the daemon delivers that.
 * The gate takes 120 bits of each sample, SPILLWAY_SOAK=1 5,000.
 */
import fc from "fast-check";
import { assert, assertEquals } from "../../support/assert.ts";
import { RECORD_HEADER_BYTES } from "../../../src/journal/files/format/segment.ts";
import { compressSample } from "../support/compress_sample.ts";
import { examine, SOAK } from "../support/check_recovered.ts";
import { printed, repaired } from "../support/repair_journal.ts";
import { type Sample, sample, type SampleOptions, sequencesOf, touched } from "../support/sample.ts";
import { verified } from "../support/verify_journal.ts";

const BITS_IN_GATE = 120;
const BITS_IN_SOAK = 5000;
/** The checksum at the end of a record header is the payload's: the header can be read without it. */
const CRC_BYTES = 4;

const SAMPLES: readonly (SampleOptions & { readonly compressed?: boolean })[] = [
  { shape: "small", sealed: false },
  { shape: "small", sealed: true },
  { shape: "large", sealed: true },
  { shape: "holes", sealed: false, cursor: 2 },
  { shape: "holes", sealed: true, cursor: 7 },
  { shape: "large", sealed: true, compressed: true },
  { shape: "holes", sealed: true, cursor: 2, compressed: true },
];

for (const options of SAMPLES) {
  const { shape, sealed, cursor = 0, compressed = false } = options;
  const as = `${sealed ? "sealed" : "not sealed"}${compressed ? ", compressed" : ""}`;

  Deno.test(`a flipped bit is named, passed over and repaired (${shape}, ${as}, delivered up to ${cursor})`, async () => {
    const original = compressed ? await compressSample(await sample(options)) : await sample(options);
    const paths = [...original.segments, "/j/cursor"];
    const sizes = paths.map((path) => original.files.bytesOf(path).length);
    // As many in each file: a segment is much smaller than the cursor's zeros.
    const place = fc.nat(paths.length - 1).chain((i) =>
      fc.tuple(fc.constant(paths[i]), fc.nat(sizes[i] - 1), fc.nat(7))
    );
    await fc.assert(fc.asyncProperty(place, ([path, at, bit]) => check(original, sealed, path, at, bit)), {
      numRuns: SOAK ? BITS_IN_SOAK : BITS_IN_GATE,
    });
  });
}

async function check(original: Sample, sealed: boolean, path: string, at: number, bit: number): Promise<void> {
  const files = original.files.afterCrash();
  files.bytesOf(path)[at] ^= 1 << bit;
  const what = `bit ${bit} of byte ${at} of ${path}`;
  const damagedFile = files.bytesOf(path).slice();

  const range = await theRange(files, path, at, what);
  const gone = sequencesOf(touched(original, path, at, at + 1));
  const left = [...original.frames].filter(([sequence]) => !gone.includes(sequence))
    .map(([sequence, text]) => ({ sequence, text }));
  const before = await printed(files);
  assertEquals(before.frames, left, `${what}: printed`);
  if (gone.length > 0) assert(before.losses.length > 0, `${what}: nothing was said`);

  const { moved, failed } = await repaired(files);
  assertEquals(failed, [], what);
  assertEquals(moved.length, 1, what);
  const [, to] = moved[0].split(" > ");
  assertEquals(files.bytesOf(to), damagedFile.slice(range.offset, range.offset + range.bytes), `${what}: quarantine`);
  assertEquals((await verified(files)).damages, [], `${what}: repaired`);
  assertEquals((await printed(files)).frames, left, `${what}: repaired`);
  assertEquals(await repaired(files), { moved: [], failed: [], cursor: undefined }, `${what}: twice`);

  const { delivered, cursor, end } = await examine(files, original.frames, what);
  assert(cursor <= original.cursor, `${what}: cursor ${cursor}`);
  // If the header of the last record is lost and there is no footer, its number of frames is not known.
  const last = original.records[original.records.length - 1];
  const unknown = !sealed && path === last.path && at >= last.offset &&
    at < last.offset + RECORD_HEADER_BYTES - CRC_BYTES;
  assertEquals(end, unknown ? last.first : original.end, `${what}: end`);
  assertEquals(delivered, left.filter(({ sequence }) => sequence >= cursor), `${what}: delivered`);
}

/** The one range that `verify` names; the flipped bit is in it. */
async function theRange(files: Sample["files"], path: string, at: number, what: string) {
  const { damages } = await verified(files);
  assertEquals(damages.length, 1, `${what}: ${damages}`);
  const [named, range] = damages[0].split(" ");
  const [offset, bytes] = range.split("+").map(Number);
  assert(named === path && offset <= at && at < offset + bytes, `${what}: ${damages[0]}`);
  return { offset, bytes };
}
