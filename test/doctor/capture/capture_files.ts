/** Capture files in each format, byte order and resolution, of packets that a test has made. */
import { concat, LINK_TYPES, type LinkKind, packetBytes, type TcpPacket } from "./packets.ts";

export type Format = "pcap" | "pcap ns" | "pcapng" | "pcapng ns" | "pcapng 2^-20" | "pcapng old" | "pcapng simple";

export interface CaptureOptions {
  readonly format?: Format;
  readonly order?: "little" | "big";
  readonly link?: LinkKind;
  /** Bytes of a packet that are captured. */
  readonly snapLength?: number;
}

/** 2026-12-01 12:00:00 UTC. */
export const START_US = Date.UTC(2026, 11, 1, 12) * 1000;

export const FORMATS: readonly Format[] = [
  "pcap",
  "pcap ns",
  "pcapng",
  "pcapng ns",
  "pcapng 2^-20",
  "pcapng old",
  "pcapng simple",
];

/** The file's parts: its header, and one for each packet. */
export function captureParts(packets: readonly TcpPacket[], options: CaptureOptions = {}): Uint8Array[] {
  const { format = "pcap", order = "little", link = "ethernet", snapLength = 262_144 } = options;
  const write = new Writer(order === "little");
  const isPcap = format.startsWith("pcap") && !format.startsWith("pcapng");
  const header = isPcap ? write.pcapHeader(format === "pcap ns", snapLength, LINK_TYPES[link]) : concat(
    write.section(),
    write.block(99, write.words(1, 2, 3)),
    write.interface(format, snapLength, LINK_TYPES[link]),
  );
  const records = packets.map((packet) => {
    const bytes = packetBytes(packet, link);
    const captured = bytes.subarray(0, snapLength);
    const timeUs = START_US + Math.round(packet.ms * 1000);
    if (isPcap) return write.pcapRecord(format === "pcap ns", timeUs, captured, bytes.length);
    return write.packetBlock(format, timeUs, captured, bytes.length);
  });
  return [header, ...records];
}

export function captureFile(packets: readonly TcpPacket[], options: CaptureOptions = {}): Uint8Array {
  return concat(...captureParts(packets, options));
}

class Writer {
  constructor(private readonly isLittle: boolean) {}

  words(...values: readonly number[]): Uint8Array {
    const view = new DataView(new ArrayBuffer(values.length * 4));
    values.forEach((value, i) => view.setUint32(i * 4, value, this.isLittle));
    return new Uint8Array(view.buffer);
  }

  halves(...values: readonly number[]): Uint8Array {
    const view = new DataView(new ArrayBuffer(values.length * 2));
    values.forEach((value, i) => view.setUint16(i * 2, value, this.isLittle));
    return new Uint8Array(view.buffer);
  }

  pcapHeader(isNano: boolean, snapLength: number, link: number): Uint8Array {
    const magic = isNano ? 0xa1b23c4d : 0xa1b2c3d4;
    return concat(this.words(magic), this.halves(2, 4), this.words(0, 0, snapLength, link));
  }

  pcapRecord(isNano: boolean, timeUs: number, captured: Uint8Array, wire: number): Uint8Array {
    const fraction = timeUs % 1e6 * (isNano ? 1000 : 1);
    return concat(this.words(Math.floor(timeUs / 1e6), fraction, captured.length, wire), captured);
  }

  block(type: number, body: Uint8Array): Uint8Array {
    const length = 12 + Math.ceil(body.length / 4) * 4;
    const padding = new Uint8Array(length - 12 - body.length);
    return concat(this.words(type, length), body, padding, this.words(length));
  }

  section(): Uint8Array {
    return this.block(
      0x0a0d0d0a,
      concat(this.words(0x1a2b3c4d), this.halves(1, 0), this.words(0xffffffff, 0xffffffff)),
    );
  }

  interface(format: Format, snapLength: number, link: number): Uint8Array {
    const resolution = format === "pcapng ns" ? 9 : format === "pcapng 2^-20" ? 0x80 | 20 : undefined;
    const options = resolution === undefined
      ? new Uint8Array(0)
      // A comment of three bytes before it, and the end of the options behind it.
      : concat(this.halves(1, 3), this.words(0), this.halves(9, 1), Uint8Array.of(resolution, 0, 0, 0), this.words(0));
    return this.block(1, concat(this.halves(link, 0), this.words(snapLength), options));
  }

  packetBlock(format: Format, timeUs: number, captured: Uint8Array, wire: number): Uint8Array {
    if (format === "pcapng simple") return this.block(3, concat(this.words(wire), captured));
    const perSecond = format === "pcapng ns" ? 1_000_000_000n : format === "pcapng 2^-20" ? 1n << 20n : 1_000_000n;
    const ticks = BigInt(timeUs) * perSecond / 1_000_000n;
    const fixed = this.words(Number(ticks >> 32n), Number(ticks & 0xffffffffn), captured.length, wire);
    if (format === "pcapng old") return this.block(2, concat(this.halves(0, 5), fixed, captured));
    return this.block(6, concat(this.words(0), fixed, captured));
  }
}
