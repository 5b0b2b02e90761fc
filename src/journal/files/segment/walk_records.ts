/**
 * One pass over the records of a segment file, in order, past any damage. It
 * only reads, and it may run beside the program that writes the file.
 */
import type { File } from "../../../runtime/files.ts";
import { FileWindow } from "./file_window.ts";
import {
  decodeFooter,
  decodeRecordHeader,
  type Footer,
  FOOTER_BYTES,
  type Marks,
  payloadMatches,
  RECORD_BYTES_MAX,
  RECORD_HEADER_BYTES,
  type RecordHeader,
  SEGMENT_HEADER_BYTES,
} from "../format/segment.ts";
import { findMark, looksTorn } from "./find_record.ts";

export type WalkedItem =
  /** `payload` is valid until the next item; it is empty unless payloads are verified. */
  | { readonly kind: "record"; readonly offset: number; readonly header: RecordHeader; readonly payload: Uint8Array }
  /** Bytes that are no whole record; `header` is set if it can be read and only the payload is damaged. */
  | { readonly kind: "damage"; readonly offset: number; readonly bytes: number; readonly header?: RecordHeader }
  | { readonly kind: "footer"; readonly offset: number; readonly footer: Footer }
  /** What follows the last record; `torn`: an interrupted or unfinished write can have left it; otherwise it is damage. */
  | { readonly kind: "tail"; readonly offset: number; readonly bytes: number; readonly torn: boolean };

export interface WalkOptions {
  readonly marks: Marks;
  /** Offset of a record; default: the first one. */
  readonly from?: number;
  /** Offset at which the walk ends. */
  readonly limit: number;
  /** True: payloads are read and checked. False: only headers are read, and large payloads are skipped. */
  readonly verify: boolean;
}

const HEADER_CHUNK_BYTES = 64 * 1024;
/** Fits three of the largest records, so that under load nothing is moved in memory; less than one core's cache. */
const PAYLOAD_CHUNK_BYTES = 3 * (RECORD_HEADER_BYTES + RECORD_BYTES_MAX);
/** Payloads shorter than this are read through rather than skipped. */
const READ_ON_BYTES = 16 * 1024;
const NO_PAYLOAD = new Uint8Array(0);

/** Everything in the file from `from` on, in the order of the file. */
export async function* walkRecords(file: File, options: WalkOptions): AsyncGenerator<WalkedItem> {
  for await (const batch of walkBatches(file, options)) {
    for (const found of batch) yield found;
  }
}

/** Like {@link walkRecords}, as many items at a time as are in memory: a file may have millions of small records. */
export async function* walkBatches(file: File, options: WalkOptions): AsyncGenerator<readonly WalkedItem[]> {
  const { marks, limit, verify } = options;
  const chunk = new FileWindow(file, Math.min(limit, verify ? PAYLOAD_CHUNK_BYTES : HEADER_CHUNK_BYTES));
  let offset = options.from ?? SEGMENT_HEADER_BYTES;
  let ahead = limit;
  /** How many bytes of the record at `offset` have to be read. */
  let needed = FOOTER_BYTES;
  let batch: WalkedItem[] = [];
  while (offset < limit) {
    const least = Math.min(needed, limit - offset);
    let bytes = chunk.peek(offset, least);
    if (bytes === undefined) {
      // The payloads in the batch are valid until more is read.
      if (batch.length > 0) yield batch;
      batch = [];
      bytes = await chunk.load(offset, least, ahead);
    }
    const header = decodeRecordHeader(bytes, 0, marks.record);
    const size = header === undefined ? 0 : RECORD_HEADER_BYTES + header.length;
    if (header !== undefined && offset + size <= limit) {
      if (verify && bytes.length < size && needed < size) {
        needed = size;
        continue;
      }
      const record = judge(offset, header, bytes, verify);
      batch.push(record ?? await damagedRecord(file, offset, header, options));
      // Behind a large payload no more than a header is read, unless payloads are verified too.
      ahead = verify || header.length < READ_ON_BYTES ? limit : Math.min(limit, offset + size + FOOTER_BYTES);
      offset += record === undefined
        ? (batch[batch.length - 1] as Extract<WalkedItem, { kind: "damage" }>).bytes
        : size;
      needed = FOOTER_BYTES;
      continue;
    }
    const other = await judgeOther(file, offset, header, bytes, options);
    batch.push(other);
    offset += other.kind === "footer" ? FOOTER_BYTES : other.bytes;
    needed = FOOTER_BYTES;
  }
  if (batch.length > 0) yield batch;
}

/** The record; undefined if its payload is damaged. */
function judge(offset: number, header: RecordHeader, bytes: Uint8Array, verify: boolean): WalkedItem | undefined {
  if (!verify) return { kind: "record", offset, header, payload: NO_PAYLOAD };
  const size = RECORD_HEADER_BYTES + header.length;
  const payload = bytes.subarray(RECORD_HEADER_BYTES, size);
  return payloadMatches(header, payload) ? { kind: "record", offset, header, payload } : undefined;
}

/** If bytes of its payload are missing, the next record begins before the end that the header gives. */
async function damagedRecord(file: File, offset: number, header: RecordHeader, { marks, limit }: WalkOptions) {
  const end = offset + RECORD_HEADER_BYTES + header.length;
  const next = await findMark(file, offset + 1, limit, marks, end);
  return { kind: "damage", offset, bytes: next - offset, header } as const;
}

/** What is not a record: a footer, damage up to the next record or footer, or the tail. */
async function judgeOther(
  file: File,
  offset: number,
  header: RecordHeader | undefined,
  bytes: Uint8Array,
  { marks, limit }: WalkOptions,
) {
  const footer = decodeFooter(bytes, offset);
  if (footer !== undefined) return { kind: "footer", offset, footer } as const;
  const next = await findMark(file, offset + 1, limit, marks);
  if (next < limit) return { kind: "damage", offset, bytes: next - offset, header } as const;
  return { kind: "tail", offset, bytes: limit - offset, torn: await looksTorn(file, offset, limit, marks) } as const;
}
