/**
 * One pass over the records of a segment file, in order, past any damage. It
 * only reads, and it may run beside the program that writes the file.
 */
import type { File } from "../runtime/files.ts";
import { Chunk } from "./chunk.ts";
import {
  decodeFooter,
  decodeRecordHeader,
  type Footer,
  FOOTER_BYTES,
  type Marks,
  payloadMatches,
  RECORD_HEADER_BYTES,
  type RecordHeader,
  SEGMENT_HEADER_BYTES,
} from "./format.ts";
import { findMark, looksTorn } from "./search.ts";

export type Found =
  /** `payload` is valid until the next step; empty unless payloads are verified. */
  | { readonly kind: "record"; readonly offset: number; readonly header: RecordHeader; readonly payload: Uint8Array }
  /** Bytes that are no record; `header` is there if only the payload behind it is damaged. */
  | { readonly kind: "damage"; readonly offset: number; readonly bytes: number; readonly header?: RecordHeader }
  | { readonly kind: "footer"; readonly offset: number; readonly footer: Footer }
  /** What follows the last record: a write that is not finished, or was interrupted, or else damage. */
  | { readonly kind: "tail"; readonly offset: number; readonly bytes: number; readonly torn: boolean };

export interface WalkOptions {
  readonly marks: Marks;
  /** Offset of a record; default: the first one. */
  readonly from?: number;
  /** Bytes from here on are not looked at. */
  readonly limit: number;
  /** Read payloads and check them; else only headers are read, and what is between is skipped. */
  readonly verify: boolean;
}

const VERIFY_CHUNK_BYTES = 1024 * 1024;
const HEADER_CHUNK_BYTES = 64 * 1024;
/** Payloads shorter than this are read through rather than skipped. */
const READ_ON_BYTES = 16 * 1024;
const NO_PAYLOAD = new Uint8Array(0);

export async function* walkRecords(file: File, options: WalkOptions): AsyncGenerator<Found> {
  const { marks, limit, verify } = options;
  const chunk = new Chunk(file, Math.min(limit, verify ? VERIFY_CHUNK_BYTES : HEADER_CHUNK_BYTES));
  let offset = options.from ?? SEGMENT_HEADER_BYTES;
  let ahead = limit;
  while (offset < limit) {
    const needed = Math.min(FOOTER_BYTES, limit - offset);
    const bytes = chunk.peek(offset, needed) ?? await chunk.load(offset, needed, ahead);
    const header = decodeRecordHeader(bytes, 0, marks.record);
    const end = header === undefined ? offset : offset + RECORD_HEADER_BYTES + header.length;
    if (header !== undefined && end <= limit) {
      const payload = verify ? await payloadAt(chunk, offset, header.length, limit) : NO_PAYLOAD;
      if (verify && !payloadMatches(header, payload)) yield { kind: "damage", offset, bytes: end - offset, header };
      else yield { kind: "record", offset, header, payload };
      // Behind a large payload there is no more than a header worth reading, unless the payload is wanted too.
      ahead = verify || header.length < READ_ON_BYTES ? limit : Math.min(limit, end + FOOTER_BYTES);
      offset = end;
      continue;
    }
    const footer = decodeFooter(bytes, offset);
    if (footer !== undefined) {
      yield { kind: "footer", offset, footer };
      offset += FOOTER_BYTES;
      continue;
    }
    const next = await findMark(file, offset + 1, limit, marks);
    if (next === limit) {
      yield { kind: "tail", offset, bytes: limit - offset, torn: await looksTorn(file, offset, limit, marks) };
      return;
    }
    yield { kind: "damage", offset, bytes: next - offset };
    offset = next;
  }
}

async function payloadAt(chunk: Chunk, offset: number, length: number, limit: number): Promise<Uint8Array> {
  const start = offset + RECORD_HEADER_BYTES;
  return chunk.peek(start, length) ?? await chunk.load(start, length, limit);
}
