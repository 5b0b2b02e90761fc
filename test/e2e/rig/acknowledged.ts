/** What a TCP peer has acknowledged, read from its packets on the wire and independent of both programs. RFC 791, RFC 9293. */

const PROTOCOL_TCP = 6;
const FLAG_SYN = 0x02;
const FLAG_RST = 0x04;
const FLAG_ACK = 0x10;

interface Stream {
  /** The acknowledgement number of the peer's SYN: nothing is acknowledged yet. */
  readonly first: number;
  bytes: number;
}

export class Acknowledged {
  /** Of connections whose ports have been used again. */
  #earlierBytes = 0;
  /** By both ports, as the packets have them. */
  readonly #streams = new Map<number, Stream>();

  /** Of all connections together. A FIN that was acknowledged counts as a byte. */
  get bytes(): number {
    return [...this.#streams.values()].reduce((sum, { bytes }) => sum + bytes, this.#earlierBytes);
  }

  /** An IPv4 packet from the peer. */
  note(packet: Uint8Array): void {
    if (packet[9] !== PROTOCOL_TCP) return;
    const view = new DataView(packet.buffer, packet.byteOffset + (packet[0] & 0xf) * 4);
    const [ports, ack, flags] = [view.getUint32(0), view.getUint32(8), view.getUint8(13)];
    if ((flags & FLAG_ACK) === 0 || (flags & FLAG_RST) !== 0) return;
    const stream = this.#streams.get(ports);
    if ((flags & FLAG_SYN) !== 0) this.#begin(ports, ack);
    else if (stream !== undefined) stream.bytes = Math.max(stream.bytes, (ack - stream.first) >>> 0);
  }

  #begin(ports: number, ack: number): void {
    const before = this.#streams.get(ports);
    if (before?.first === ack) return; // the SYN again
    this.#earlierBytes += before?.bytes ?? 0;
    this.#streams.set(ports, { first: ack, bytes: 0 });
  }
}
