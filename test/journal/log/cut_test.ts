/**
 * The last segment cut short or zeroed from any byte on. The gate takes those
 * near the edges of headers, payloads and sectors, and at regular steps between;
 * the soak (SPILLWAY_SOAK=1) takes all of them.
 */
import { assert, assertEquals } from "../../support/assert.ts";
import { FOOTER_BYTES, RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES } from "../../../src/journal/files/format/segment.ts";
import { examine, type Examined, printFigures, SOAK } from "../support/check_recovered.ts";
import { type Sample, sample, type SampleOptions, sequencesOf, touched } from "../support/sample.ts";

const NEAR_BYTES = 3;

const SAMPLES: readonly SampleOptions[] = [
  { shape: "small", sealed: false },
  { shape: "small", sealed: true },
  { shape: "large", sealed: false },
  { shape: "large", sealed: true },
  { shape: "holes", sealed: false, cursor: 2 },
];

for (const options of SAMPLES) {
  const name = `${options.shape}, ${options.sealed ? "sealed" : "not sealed"}`;

  Deno.test(`a last segment cut at any byte delivers exactly the records before the cut (${name})`, async () => {
    const original = await sample(options);
    const path = original.segments[2];
    const whole = original.files.bytesOf(path).slice();
    for (const size of offsets(original, whole.length)) {
      const files = original.files.afterCrash();
      files.put(path, whole.subarray(0, size));
      const what = `cut at ${size}`;
      const found = await examine(files, original.frames, what);
      const gone = touched(original, path, size, whole.length);
      assertDelivered(found, original, sequencesOf(gone), what);
      assertEquals(found.damages, [], what);
      assertEquals(found.truncatedBytes, tornBytes(original, size, whole.length), what);
    }
    printFigures("cut");
  });

  for (const sector of [512, 4096]) {
    Deno.test(`a last segment zeroed from any byte to the next ${sector} boundary delivers all other records (${name})`, async () => {
      const original = await sample(options);
      const path = original.segments[2];
      const { length } = original.files.bytesOf(path);
      for (const from of offsets(original, length - 1)) {
        const files = original.files.afterCrash();
        const until = Math.min(length, from - from % sector + sector);
        files.bytesOf(path).fill(0, from, until);
        const what = `zeroed from ${from} to ${until}`;
        const found = await examine(files, original.frames, what);
        assertDelivered(found, original, sequencesOf(touched(original, path, from, until)), what);
      }
      printFigures("zeroed");
    });
  }
}

/** Everything from the cursor on but `gone`, and none of those. */
function assertDelivered({ delivered, cursor }: Examined, original: Sample, gone: readonly number[], what: string) {
  assert(cursor <= original.cursor, `${what}: cursor ${cursor}`);
  const wanted = [...original.frames.keys()].filter((sequence) => sequence >= cursor && !gone.includes(sequence));
  assertEquals(delivered.map(({ sequence }) => sequence), wanted, what);
}

/** How much of a file of `size` bytes is an unfinished record or footer. */
function tornBytes({ records, segments }: Sample, size: number, whole: number): number {
  if (size === whole || size < SEGMENT_HEADER_BYTES) return 0;
  const ends = records.filter(({ path, end }) => path === segments[2] && end <= size).map(({ end }) => end);
  return size - Math.max(SEGMENT_HEADER_BYTES, ...ends);
}

/** Offsets 0 to `last` that are tried. */
function offsets({ records, segments }: Sample, last: number): number[] {
  const edges = records.filter(({ path }) => path === segments[2]).flatMap((
    { offset, end },
  ) => [offset, offset + RECORD_HEADER_BYTES, end, end + FOOTER_BYTES]);
  const isNear = (at: number) =>
    edges.some((edge) => Math.abs(edge - at) <= NEAR_BYTES) || (at + NEAR_BYTES) % 512 <= 2 * NEAR_BYTES;
  const all = Array.from({ length: last + 1 }, (_, at) => at);
  return all.filter((at) => SOAK || isNear(at) || at % (at < 1000 ? 13 : 97) === 0);
}
