/**
 * The format of Wireshark's files: blocks of a type and a length, packets among
 * them, each of an interface that a block before has described
 * (draft-ietf-opsawg-pcapng). Blocks of other types are passed over unread.
 */
import { type CaptureInterface, describedInterface } from "./pcapng_interface.ts";
import { PACKET_BYTES_MAX, type PacketSink, type RecordReader, wholeUs } from "./record_reader.ts";

/** The type of a section's header, the same in both byte orders. */
export const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
/** What came before the enhanced packet. */
const OLD_PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;

/** In the byte order of the section. */
const BYTE_ORDER = 0x1a2b3c4d;

/** Type, length, and the length again at its end. */
const BLOCK_BYTES_MIN = 12;
/** Of those that are read: a packet, and options of as many bytes. */
const BLOCK_BYTES_MAX = 2 * PACKET_BYTES_MAX - 1024;
/** From the begin of the block to the packet. */
const PACKET_AT = 28;
const SIMPLE_PACKET_AT = 12;

const INTERFACES_MAX = 4096;

export class PcapngReader implements RecordReader {
  readonly format = "pcapng";
  readonly expected = "a block";
  readonly links = new Set<number>();
  untimed = 0;
  damage: string | undefined;
  #isLittle = true;
  #interfaces: CaptureInterface[] = [];

  constructor(private readonly sink: PacketSink) {}

  read(bytes: Uint8Array, view: DataView, from: number, until: number): number {
    let at = from;
    while (until - at >= BLOCK_BYTES_MIN) {
      const type = view.getUint32(at, this.#isLittle);
      if (type === SECTION && !this.#beginSection(view, at)) break;
      const length = view.getUint32(at + 4, this.#isLittle);
      if (length < BLOCK_BYTES_MIN || length % 4 !== 0) {
        this.damage = `found a block of ${length} bytes, expected a multiple of 4 from ${BLOCK_BYTES_MIN} on`;
        break;
      }
      const isRead = type === SECTION || type === INTERFACE || type === OLD_PACKET || type === SIMPLE_PACKET ||
        type === ENHANCED_PACKET;
      if (isRead) {
        if (length > BLOCK_BYTES_MAX) {
          this.damage = `found a block of ${length} bytes, expected ${BLOCK_BYTES_MAX} at most`;
          break;
        }
        if (at + length > until) break;
        this.#take(type, bytes, view, at, length);
        if (this.damage !== undefined) break;
      }
      at += length;
    }
    return at;
  }

  /** False if it is none. */
  #beginSection(view: DataView, at: number): boolean {
    const isLittle = view.getUint32(at + 8, true) === BYTE_ORDER;
    if (!isLittle && view.getUint32(at + 8) !== BYTE_ORDER) {
      this.damage = "found the header of a section without its byte order";
      return false;
    }
    this.#isLittle = isLittle;
    this.#interfaces = [];
    return true;
  }

  #take(type: number, bytes: Uint8Array, view: DataView, at: number, length: number): void {
    const again = view.getUint32(at + length - 4, this.#isLittle);
    if (again !== length) {
      this.damage = `found a block of ${length} bytes whose end says ${again}`;
    } else if (type === INTERFACE) this.#describe(view, at, length);
    else if (type === SIMPLE_PACKET) this.#simplePacket(bytes, view, at, length);
    else if (type !== SECTION) this.#packet(type, bytes, view, at, length);
  }

  #describe(view: DataView, at: number, length: number): void {
    const described = describedInterface(view, at, length, this.#isLittle);
    if (described === undefined || this.#interfaces.length === INTERFACES_MAX) {
      this.damage = described === undefined
        ? `found an interface described in ${length} bytes, expected 20 or more`
        : `found more than ${INTERFACES_MAX} interfaces`;
      return;
    }
    this.#interfaces.push(described);
    this.links.add(described.link);
  }

  #packet(type: number, bytes: Uint8Array, view: DataView, at: number, length: number): void {
    const isLittle = this.#isLittle;
    const room = length - PACKET_AT - 4;
    const captured = room < 0 ? 0 : view.getUint32(at + 20, isLittle);
    if (captured > room) {
      this.damage = `found a packet of ${captured} bytes in a block of ${length}`;
      return;
    }
    const number = type === OLD_PACKET ? view.getUint16(at + 8, isLittle) : view.getUint32(at + 8, isLittle);
    const of = this.#interface(number);
    if (of === undefined) return;
    const ticks = view.getUint32(at + 12, isLittle) * 2 ** 32 + view.getUint32(at + 16, isLittle);
    this.sink.timeUs = wholeUs(ticks * of.tickUs + of.offsetUs);
    const wire = view.getUint32(at + 24, isLittle);
    this.sink.take(bytes, view, at + PACKET_AT, captured, wire, of.link);
  }

  /** Of the first interface, as long as its snap length or its block allows, and without a time. */
  #simplePacket(bytes: Uint8Array, view: DataView, at: number, length: number): void {
    const of = this.#interface(0);
    if (of === undefined) return;
    const room = length - SIMPLE_PACKET_AT - 4;
    const wire = room < 0 ? 0 : view.getUint32(at + 8, this.#isLittle);
    this.untimed++;
    const captured = Math.min(wire, of.snapLength, Math.max(room, 0));
    this.sink.take(bytes, view, at + SIMPLE_PACKET_AT, captured, wire, of.link);
  }

  #interface(number: number): CaptureInterface | undefined {
    const found = this.#interfaces[number];
    if (found === undefined) this.damage = `found a packet of interface ${number}, which no block has described`;
    return found;
  }
}
