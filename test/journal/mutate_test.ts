/**
 * A journal whose segments were mutated, one time or two: `ls`, `cat`, `verify`,
 * `status`, the daemon and `repair` say the same of it, and that is what an
 * oracle says who knows each record: a frame is there as long as the bytes of
 * its record are, wherever in its file. The gate takes 60 mutations of each
 * sample, SPILLWAY_SOAK=1 (task soak:mutate) 20,000 of all.
 */
import fc from "fast-check";
import { Buffer } from "node:buffer";
import { assertEquals } from "../support/assert.ts";
import type { MemoryFiles } from "../support/memory_files.ts";
import { compressSample } from "./support/compress_sample.ts";
import { SOAK } from "./support/check_recovered.ts";
import { type Mutable, mutated, type Mutation, mutation } from "./support/mutations.ts";
import { type Sample, sample, type SampleOptions, type SampleRecord, sequencesOf } from "./support/sample.ts";
import { checkToldAlike } from "./support/told_alike.ts";
import { verified } from "./support/verify_journal.ts";

const SAMPLES: readonly (SampleOptions & { readonly compressed?: boolean })[] = [
  { shape: "small", sealed: false },
  { shape: "small", sealed: true },
  { shape: "large", sealed: true },
  { shape: "holes", sealed: false, cursor: 2 },
  { shape: "holes", sealed: true, cursor: 7 },
  { shape: "small", sealed: true, compressed: true },
  { shape: "large", sealed: true, compressed: true },
  { shape: "holes", sealed: true, cursor: 2, compressed: true },
];

const RUNS = SOAK ? 20_000 / SAMPLES.length : 60;
const SEED = Deno.env.get("SPILLWAY_SEED");

for (const options of SAMPLES) {
  const { shape, sealed, cursor = 0, compressed = false } = options;
  const as = `${shape}, ${sealed ? "sealed" : "not sealed"}${compressed ? ", compressed" : ""}`;

  Deno.test(`all readers find the same in a mutated journal (${as}, delivered up to ${cursor})`, async () => {
    const original = compressed ? await compressSample(await sample(options)) : await sample(options);
    const mutations = fc.array(mutation, { minLength: 1, maxLength: 2 });
    await fc.assert(fc.asyncProperty(mutations, (each) => check(original, each)), {
      numRuns: RUNS,
      seed: SEED === undefined ? undefined : Number(SEED),
    });
  });
}

async function check(original: Sample, mutations: readonly Mutation[]): Promise<void> {
  const files = original.files.afterCrash();
  for (const each of mutations) {
    const { index, bytes } = mutated(original.segments.map((path) => mutable(original, files, path)), each);
    files.put(original.segments[index], bytes);
  }
  const what = mutations.map(({ kind, file }) => `${kind} ${file % original.segments.length}`).join(", ");
  if (hasOnlyForeignRecords(original, files)) return;
  const whole = wholeFrames(original, files);
  const left = whole.map((sequence) => ({ sequence, text: original.frames.get(sequence)! }));

  assertEquals((await verified(files)).frames, whole.length, `${what}: verify`);
  const { listed, pendingFrames } = await checkToldAlike(files, left, what);
  if (original.cursor === 0) assertEquals(listed, pendingFrames, `${what}: ls, against status`);
}

function mutable({ records }: Sample, files: MemoryFiles, path: string): Mutable {
  const bytes = files.bytesOf(path);
  const edges = records.filter((record) => record.path === path).flatMap(({ offset, end }) => [offset, end]);
  return { bytes, edges: [0, ...edges, bytes.length] };
}

/** Sequences of the frames whose record, header and all, is somewhere in its file. */
function wholeFrames(original: Sample, files: MemoryFiles): number[] {
  const isThere = (record: SampleRecord) => isIn(original, files, record.path, record);
  return sequencesOf(original.records.filter(isThere));
}

/** A file in which no record of its own is left, but one of another file: whose it is nothing tells any more. */
function hasOnlyForeignRecords(original: Sample, files: MemoryFiles): boolean {
  return original.segments.some((path) => {
    const isOwn = (record: SampleRecord) => record.path === path;
    const there = original.records.filter((record) => isIn(original, files, path, record));
    return there.length > 0 && !there.some(isOwn);
  });
}

function isIn(original: Sample, files: MemoryFiles, path: string, record: SampleRecord): boolean {
  const bytes = Buffer.from(original.files.bytesOf(record.path).subarray(record.offset, record.end));
  return Buffer.from(files.bytesOf(path)).includes(bytes);
}
