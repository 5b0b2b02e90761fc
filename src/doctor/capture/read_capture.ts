/**
 * Reads a capture of any size in bounded memory: large pieces, the next one while
 * the one before is looked at. A capture that is cut off or damaged is read up to
 * there.
 */
import { SpillwayError } from "../../base/error.ts";
import { ConnectionTable } from "./connection_table.ts";
import { Dissector } from "./dissector.ts";
import { isPcap, PcapReader } from "./pcap.ts";
import { PcapngReader, SECTION } from "./pcapng.ts";
import { PACKET_BYTES_MAX, type PacketSink, type RecordReader } from "./record_reader.ts";

/** Bytes one after the other: a file, a pipe. */
export interface CaptureInput {
  /** For messages: a path, `standard input`. */
  readonly name: string;
  /** Reads the next bytes, `into.length` at most; 0 at the end. Rejects with a `SystemError`. */
  read(into: Uint8Array): Promise<number>;
}

/** Why the rest of a capture was not read. */
export interface CaptureCut {
  /** In bytes from the begin of the capture: the first that was not read. */
  readonly at: number;
  /** `it ends within a packet`. */
  readonly reason: string;
}

export interface Capture {
  readonly format: string;
  readonly links: readonly number[];
  readonly untimed: number;
  readonly bytes: number;
  readonly cut: CaptureCut | undefined;
  readonly dissector: Dissector;
  readonly table: ConnectionTable;
}

export interface ReadCaptureOptions {
  /** At most so many connections are told apart; default 10,000. */
  readonly connectionsMax?: number;
  /** Called with how many bytes have been read. */
  readonly onProgress?: (bytes: number) => void;
}

const PIECE_BYTES = 1 << 20;
/** Before a piece: room for what is left of the piece before, less than a record. */
const CARRY_BYTES = 2 * PACKET_BYTES_MAX;

/** Rejects with a `SpillwayError` if the input is no capture, and with what the input rejects with. */
export async function readCapture(input: CaptureInput, options: ReadCaptureOptions = {}): Promise<Capture> {
  const table = new ConnectionTable(options.connectionsMax);
  const dissector = new Dissector(table);
  const records = new Records(input.name, dissector);
  let [piece, next] = [new Piece(), new Piece()];
  let reading = input.read(piece.space);
  for (let count = await reading; count > 0 && !records.isOver; count = await reading) {
    reading = input.read(next.space);
    reading.catch(() => {}); // it is awaited unless something else has failed before
    records.take(piece, count, next);
    options.onProgress?.(records.bytes);
    [piece, next] = [next, piece];
  }
  const { reader, bytes } = records;
  for (const connection of table.connections) connection.end();
  return {
    format: reader?.format ?? "unknown",
    links: [...reader?.links ?? []],
    untimed: reader?.untimed ?? 0,
    bytes,
    cut: records.cut(),
    dissector,
    table,
  };
}

class Piece {
  readonly bytes = new Uint8Array(CARRY_BYTES + PIECE_BYTES);
  readonly view = new DataView(this.bytes.buffer);
  readonly space = this.bytes.subarray(CARRY_BYTES);
  /** Bytes before `space` that were left of the piece before. */
  carried = 0;
}

/** The records of a capture that comes in pieces. */
class Records {
  reader: RecordReader | undefined;
  /** Read so far. */
  bytes = 0;
  /** Up to here it was made something of. */
  #position = 0;

  constructor(private readonly name: string, private readonly sink: PacketSink) {}

  get isOver(): boolean {
    return this.reader?.damage !== undefined;
  }

  /** `count` bytes are new in `piece`; what is not a whole record goes to `next`. */
  take(piece: Piece, count: number, next: Piece): void {
    const begin = CARRY_BYTES - piece.carried;
    const until = CARRY_BYTES + count;
    const offset = this.bytes - piece.carried; // of `begin`, in the capture
    this.bytes += count;
    let at = begin + Math.max(this.#position - offset, 0); // more than the piece where bytes are passed over
    this.reader ??= readerOf(piece, at, until, this.name, this.sink);
    if (at < until && this.reader !== undefined) at = this.reader.read(piece.bytes, piece.view, at, until);
    this.#position = offset + at - begin;
    next.carried = this.isOver ? 0 : Math.max(until - at, 0);
    next.bytes.set(piece.bytes.subarray(until - next.carried, until), CARRY_BYTES - next.carried);
  }

  /** Undefined if the capture was read to its end, and that is where a record ends. */
  cut(): CaptureCut | undefined {
    const { reader, bytes } = this;
    const at = this.#position;
    if (reader?.damage !== undefined) return { at, reason: reader.damage };
    if (bytes === 0) return { at: 0, reason: "it is empty" };
    if (at === bytes) return undefined;
    return { at: Math.min(at, bytes), reason: `it ends within ${reader?.expected ?? "the header of the file"}` };
  }
}

const MAGIC_BYTES = 4;

/** Undefined while there are fewer than four bytes. */
function readerOf(
  { view }: Piece,
  at: number,
  until: number,
  name: string,
  sink: PacketSink,
): RecordReader | undefined {
  if (until - at < MAGIC_BYTES) return undefined;
  const magic = view.getUint32(at);
  if (isPcap(magic)) return new PcapReader(magic, sink);
  if (magic === SECTION) return new PcapngReader(sink);
  const found = magic.toString(16).padStart(8, "0");
  throw new SpillwayError(`${name} is no capture: it begins with 0x${found}, expected pcap or pcapng`, {
    hint: hintFor(magic),
  });
}

/** Of gzip and zstd, the first two and four bytes. */
const GZIP = 0x1f8b;
const ZSTD = 0x28b52ffd;

function hintFor(magic: number): string {
  if (magic >>> 16 === GZIP) return "it is compressed: zcat FILE | spillway doctor --pcap -";
  if (magic === ZSTD) return "it is compressed: zstdcat FILE | spillway doctor --pcap -";
  return "record one with: tcpdump -i any -s 128 -w FILE tcp port 9001";
}
