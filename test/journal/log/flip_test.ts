/**
 * One bit flipped, anywhere in any file of the journal. The gate takes some
 * hundreds of bits at random (fast-check prints the seed of a failure); the soak
 * (SPILLWAY_SOAK=1) takes each of them.
 */
import fc from "fast-check";
import { assert, assertEquals } from "../../support/assert.ts";
import { FOOTER_BYTES, RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES } from "../../../src/journal/files/format/segment.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { examine, printFigures, SOAK } from "../support/check_recovered.ts";
import { appendLines, line, lines, ManualClock, open } from "../support/rig.ts";
import {
  type Sample,
  sample,
  type SampleOptions,
  type SampleRecord,
  segmentsOf,
  sequencesOf,
  touched,
} from "../support/sample.ts";

const BITS_IN_GATE = 120;

const SAMPLES: readonly SampleOptions[] = [
  { shape: "small", sealed: false },
  { shape: "small", sealed: true },
  { shape: "large", sealed: true },
  { shape: "holes", sealed: false, cursor: 2 },
  { shape: "holes", sealed: true, cursor: 7 },
];

for (const options of SAMPLES) {
  const { shape, sealed, cursor = 0 } = options;
  const name = `${shape}, ${sealed ? "sealed" : "not sealed"}, delivered up to ${cursor}`;

  Deno.test(`one flipped bit in a segment costs at most the record it stands in, and is reported once (${name})`, async () => {
    const original = await sample(options);
    await eachBit(original, original.segments, (path, at, bit) => checkSegment(original, path, at, bit));
  });

  Deno.test(`one flipped bit in the cursor costs nothing, and never takes delivery further (${name})`, async () => {
    const original = await sample(options);
    await eachBit(original, ["/j/cursor"], (path, at, bit) => checkCursor(original, path, at, bit));
  });
}

Deno.test("one flipped bit in the cursor reports no loss of what has been delivered and unlinked", async () => {
  const original = await unlinkedAtOnce();
  await eachBit(original, ["/j/cursor"], async (path, at, bit) => {
    const files = original.files.afterCrash();
    files.bytesOf(path)[at] ^= 1 << bit;
    const { cursor, delivered, damages } = await examine(files, original.frames, `bit ${bit} of byte ${at}`);
    assert(cursor === 8 || cursor === 9, `bit ${bit} of byte ${at}: cursor ${cursor}`);
    assertEquals(delivered.length, 12 - cursor);
    assertEquals(damages, [], `bit ${bit} of byte ${at}`);
  });
});

/** Delivered up to 9 at one go, then killed: the other slot knows nothing of it. */
async function unlinkedAtOnce(): Promise<Pick<Sample, "files" | "frames">> {
  const files = new MemoryFiles();
  const clock = new ManualClock();
  const journal = await open(files, {
    clock,
    segmentBytes: SEGMENT_HEADER_BYTES + 4 * (RECORD_HEADER_BYTES + line(0).length),
  });
  await appendLines(journal, 12);
  journal.confirm(9);
  await clock.advance(100);
  assertEquals(segmentsOf(files), ["/j/00000000000000000008.seg"]);
  return { files: files.afterCrash(), frames: new Map(lines(0, 12).map((text, sequence) => [sequence, text])) };
}

async function checkSegment(original: Sample, path: string, at: number, bit: number): Promise<void> {
  const files = original.files.afterCrash();
  files.bytesOf(path)[at] ^= 1 << bit;
  const what = `bit ${bit} of byte ${at} of ${path}`;
  const { delivered, damages, cursor } = await examine(files, original.frames, what);
  assertEquals(cursor, original.cursor, what);
  const hit = touched(original, path, at, at + 1).filter(({ first, frames }) => first + frames > cursor);
  const gone = sequencesOf(hit);
  const wanted = [...original.frames.keys()].filter((sequence) => sequence >= cursor && !gone.includes(sequence));
  assertEquals(delivered.map(({ sequence }) => sequence), wanted, what);
  const pieces = damages.filter(({ where }) => !where.includes(": 0 bytes ")).length;
  // Of footers and of what is delivered, only what the reader comes by is found damaged.
  const mayBeSeen = inFooter(original, path, at) || isDelivered(original, path, at);
  assert(pieces === (hit.length > 0 ? 1 : 0) || mayBeSeen && pieces === 1, `${what}: ${pieces} pieces of damage`);
  const told = damages.reduce((sum, { frames }) => sum + frames, 0);
  const lost = gone.filter((sequence) => sequence >= cursor).length;
  if (hit.length > 0 && isKnown(original, hit[0], at)) assertEquals(told, lost, `${what}: frames reported as lost`);
}

/** Where only headers tell, a damaged one takes its own frames with it: what is around it says how many at most. */
function isKnown({ records }: Sample, record: SampleRecord, at: number): boolean {
  if (at - record.offset >= RECORD_HEADER_BYTES - 4) return true;
  const index = records.indexOf(record);
  const before = records[index - 1];
  return index + 1 < records.length && (before === undefined || before.first + before.frames === record.first);
}

function isDelivered(original: Sample, path: string, at: number): boolean {
  return touched(original, path, at, at + 1).some(({ first, frames }) => first + frames <= original.cursor);
}

function inFooter(original: Sample, path: string, at: number): boolean {
  const size = original.files.bytesOf(path).length;
  const last = original.records.findLast((record) => record.path === path)!;
  return size === last.end + FOOTER_BYTES && at >= last.end;
}

async function checkCursor(original: Sample, path: string, at: number, bit: number): Promise<void> {
  const files = original.files.afterCrash();
  files.bytesOf(path)[at] ^= 1 << bit;
  const what = `bit ${bit} of byte ${at} of the cursor`;
  const { cursor, delivered, damages } = await examine(files, original.frames, what);
  assert(cursor <= original.cursor, `${what}: cursor ${cursor}`);
  assertEquals(delivered.length, [...original.frames.keys()].filter((sequence) => sequence >= cursor).length, what);
  assertEquals(damages, [], what);
}

async function eachBit(
  { files }: Pick<Sample, "files">,
  paths: readonly string[],
  check: (path: string, at: number, bit: number) => Promise<void>,
): Promise<void> {
  const sizes = paths.map((path) => files.bytesOf(path).length);
  if (SOAK) {
    for (const [i, path] of paths.entries()) {
      for (let n = 0; n < sizes[i] * 8; n++) await check(path, n >> 3, n & 7);
    }
    printFigures("flipped");
    return;
  }
  const place = fc.nat(paths.length - 1).chain((i) => fc.tuple(fc.constant(paths[i]), fc.nat(sizes[i] - 1), fc.nat(7)));
  await fc.assert(fc.asyncProperty(place, ([path, at, bit]) => check(path, at, bit)), { numRuns: BITS_IN_GATE });
}
