/** Journals with compressed segments, for tests that read or damage them. */
import { createFramer } from "../../../src/framing/framing.ts";
import { CompressedSegment } from "../../../src/journal/files/segment/compressed_file.ts";
import { CompressedWriter } from "../../../src/journal/files/compaction/compressed_writer.ts";
import { saltOf, segmentBase } from "../../../src/journal/files/format/segment.ts";
import { partsOf } from "../../../src/journal/files/compaction/segment_parts.ts";
import { surveySegment } from "../../../src/journal/files/segment/survey.ts";
import type { MemoryFiles } from "../../support/memory_files.ts";
import { type Sample, type SampleRecord, sequencesOf } from "./sample.ts";

const LINES = createFramer({ type: "line", delimiter: Uint8Array.of(10), maxFrame: 65536 });

/** Puts a compressed segment in the place of a sealed one. Returns its path. */
export async function compressInPlace(files: MemoryFiles, path: string): Promise<string> {
  const base = segmentBase(path.slice(path.lastIndexOf("/") + 1))!;
  const from = await files.open(path, "read");
  const { marks } = await surveySegment(from, path, base, LINES);
  const to = await files.open(`${path}.zst`, "create");
  const writer = new CompressedWriter(to, { base, salt: saltOf(marks!) });
  for await (const part of partsOf(from, marks!)) await writer.add(part);
  await writer.finish();
  await to.sync();
  to.close();
  from.close();
  files.put(`${path}.zst`, files.bytesOf(`${path}.zst`));
  files.remove(path);
  return `${path}.zst`;
}

/** A sample whose segments but the last are compressed; its records say where they stand in the files. */
export async function compressSample(sample: Sample): Promise<Sample> {
  const { files } = sample;
  const segments: string[] = [];
  const records: SampleRecord[] = [];
  for (const path of sample.segments) {
    const own = sample.records.filter((record) => record.path === path);
    if (path === sample.segments.at(-1)) {
      segments.push(path);
      records.push(...own);
      continue;
    }
    const compressed = await compressInPlace(files, path);
    segments.push(compressed);
    const view = await CompressedSegment.open(files, compressed);
    for (const record of own) {
      const { offset, bytes } = await view.rangeInFile(record.offset, record.end - record.offset);
      records.push({ ...record, path: compressed, offset, end: offset + bytes });
    }
    view.close();
  }
  return { ...sample, segments, records };
}

/** What is left when these records are gone. */
export function without(sample: Sample, gone: readonly SampleRecord[]): number[] {
  const lost = new Set(sequencesOf(gone));
  return [...sample.frames.keys()].filter((sequence) => sequence >= sample.cursor && !lost.has(sequence));
}
