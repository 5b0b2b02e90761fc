/** The format of libpcap's files: a header, then a header and the bytes for each packet (pcap-savefile(5)). */
import { PACKET_BYTES_MAX, type PacketSink, type RecordReader } from "./record_reader.ts";

/** As the four bytes are read with the more significant one first. */
const MICROSECONDS = 0xa1b2c3d4;
const NANOSECONDS = 0xa1b23c4d;
const MICROSECONDS_LITTLE = 0xd4c3b2a1;
const NANOSECONDS_LITTLE = 0x4d3cb2a1;

export function isPcap(magic: number): boolean {
  return [MICROSECONDS, NANOSECONDS, MICROSECONDS_LITTLE, NANOSECONDS_LITTLE].includes(magic);
}

const FILE_HEADER_BYTES = 24;
const LINK_AT = 20;
/** The rest of that field says how long a frame check sequence is. */
const LINK_MASK = 0x03ffffff;

const HEADER_BYTES = 16;

export class PcapReader implements RecordReader {
  readonly format: string;
  readonly links = new Set<number>();
  readonly untimed = 0;
  damage: string | undefined;
  readonly #isLittle: boolean;
  readonly #isNano: boolean;
  #link: number | undefined;

  constructor(magic: number, private readonly sink: PacketSink) {
    this.#isLittle = magic === MICROSECONDS_LITTLE || magic === NANOSECONDS_LITTLE;
    this.#isNano = magic === NANOSECONDS || magic === NANOSECONDS_LITTLE;
    this.format = this.#isNano ? "pcap, nanoseconds" : "pcap";
  }

  get expected(): string {
    return this.#link === undefined ? "the header of the file" : "a packet";
  }

  read(bytes: Uint8Array, view: DataView, from: number, until: number): number {
    let at = from;
    if (this.#link === undefined) {
      if (until - at < FILE_HEADER_BYTES) return at;
      this.#link = view.getUint32(at + LINK_AT, this.#isLittle) & LINK_MASK;
      this.links.add(this.#link);
      at += FILE_HEADER_BYTES;
    }
    return this.#packets(this.#link, bytes, view, at, until);
  }

  #packets(link: number, bytes: Uint8Array, view: DataView, at: number, until: number): number {
    const [isLittle, isNano, sink] = [this.#isLittle, this.#isNano, this.sink];
    while (until - at >= HEADER_BYTES) {
      const captured = view.getUint32(at + 8, isLittle);
      if (captured > PACKET_BYTES_MAX) {
        this.damage = `found a packet of ${captured} bytes, expected ${PACKET_BYTES_MAX} at most`;
        break;
      }
      const next = at + HEADER_BYTES + captured;
      if (next > until) break;
      const fraction = view.getUint32(at + 4, isLittle);
      sink.timeUs = view.getUint32(at, isLittle) * 1e6 + (isNano ? Math.round(fraction / 1000) : fraction);
      sink.take(bytes, view, at + HEADER_BYTES, captured, view.getUint32(at + 12, isLittle), link);
      at = next;
    }
    return at;
  }
}
