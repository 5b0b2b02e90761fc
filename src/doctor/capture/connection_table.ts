/**
 * The connections of a capture, found by their addresses and ports without a
 * text or an object for each packet. Their number is bounded: of a capture with more
 * the first ones are kept, and the others are counted.
 */
import { formatAddress } from "../../runtime/address.ts";
import { Connection } from "./connection.ts";
import { ACK, type Segment, SYN } from "./segment.ts";

export const CONNECTIONS_MAX = 10_000;
/** A power of two, well above CONNECTIONS_MAX. */
const SLOTS = 32_768;

/** 32-bit words of a key: two addresses, each as long as one of IPv6, the two ports, the IP version. */
const WORDS = 10;
const ADDRESS = 4;
const HIGHER = 4;
const PORTS = 8;
const VERSION = 9;

const EMPTY = 0;

export class ConnectionTable {
  /** In the order in which they begin; ended ones too. */
  readonly connections: Connection[] = [];
  /** Segments of connections for which there was no room, and how many of those began in the capture. */
  segmentsBeyond = 0;
  begunBeyond = 0;

  readonly #max: number;
  /** The key of each connection. */
  readonly #keys: Int32Array;
  /** By hash: 1 + the index of the connection that has the key now. */
  readonly #slots = new Int32Array(SLOTS);
  /** Of the packet looked for. */
  readonly #key = new Int32Array(WORDS);
  /** Most packets are of the connection of the packet before. */
  #last = -1;

  constructor(max = CONNECTIONS_MAX) {
    this.#max = max;
    this.#keys = new Int32Array(max * WORDS);
  }

  /**
   * Hands the segment to its connection. `view` is the capture, with the source
   * address at `addressesAt`, the destination's behind it, and both ports at `portsAt`.
   */
  take(segment: Segment, view: DataView, version: 4 | 6, addressesAt: number, portsAt: number): void {
    const from = version === 4
      ? this.#makeKey4(view, addressesAt, portsAt)
      : this.#makeKey6(view, addressesAt, portsAt);
    let index = this.#last >= 0 && this.#isAt(this.#last) ? this.#last : EMPTY - 1;
    let slot = -1;
    if (index < 0) {
      slot = this.#slotOf();
      index = this.#slots[slot] - 1;
    }
    if (index < 0 || this.connections[index].isSucceededBy(segment, from)) {
      if (this.connections.length === this.#max) return this.#turnAway(segment);
      index = this.#add(slot < 0 ? this.#slotOf() : slot, segment.timeUs);
    }
    this.#last = index;
    this.connections[index].take(segment, from);
  }

  #turnAway({ flags }: Segment): void {
    this.segmentsBeyond++;
    if ((flags & (SYN | ACK)) === SYN) this.begunBeyond++;
  }

  #add(slot: number, timeUs: number): number {
    const index = this.connections.length;
    this.#keys.set(this.#key, index * WORDS);
    this.#slots[slot] = index + 1;
    this.connections.push(new Connection([endName(this.#key, 0), endName(this.#key, 1)], timeUs));
    return index;
  }

  /** The key is the same for both directions. Returns which end sent the packet. */
  #makeKey4(view: DataView, addressesAt: number, portsAt: number): 0 | 1 {
    const key = this.#key;
    if (key[VERSION] !== 4) {
      key.fill(0);
      key[VERSION] = 4;
    }
    const source = view.getInt32(addressesAt);
    const destination = view.getInt32(addressesAt + 4);
    const ports = view.getInt32(portsAt);
    if (source < destination || source === destination && isInOrder(ports)) {
      key[0] = source;
      key[HIGHER] = destination;
      key[PORTS] = ports;
      return 0;
    }
    key[0] = destination;
    key[HIGHER] = source;
    key[PORTS] = swapped(ports);
    return 1;
  }

  #makeKey6(view: DataView, addressesAt: number, portsAt: number): 0 | 1 {
    const key = this.#key;
    const ports = view.getInt32(portsAt);
    let order = 0;
    for (let i = 0; i < ADDRESS && order === 0; i++) {
      order = view.getInt32(addressesAt + 4 * i) - view.getInt32(addressesAt + 4 * (ADDRESS + i));
    }
    const isFirst = order < 0 || order === 0 && isInOrder(ports);
    for (let i = 0; i < ADDRESS; i++) {
      key[isFirst ? i : HIGHER + i] = view.getInt32(addressesAt + 4 * i);
      key[isFirst ? HIGHER + i : i] = view.getInt32(addressesAt + 4 * (ADDRESS + i));
    }
    key[PORTS] = isFirst ? ports : swapped(ports);
    key[VERSION] = 6;
    return isFirst ? 0 : 1;
  }

  #isAt(index: number): boolean {
    const keys = this.#keys;
    const key = this.#key;
    const at = index * WORDS;
    for (let i = WORDS - 1; i >= 0; i--) if (keys[at + i] !== key[i]) return false;
    return true;
  }

  /** That of the key, or the empty one where it belongs. There always is one, since SLOTS is larger than the number of keys. */
  #slotOf(): number {
    let slot = hashOf(this.#key) & (SLOTS - 1);
    while (this.#slots[slot] !== EMPTY && !this.#isAt(this.#slots[slot] - 1)) slot = (slot + 1) & (SLOTS - 1);
    return slot;
  }
}

/** Two ports in a word, the source's first: is it the lower one? */
function isInOrder(ports: number): boolean {
  return ports >>> 16 <= (ports & 0xffff);
}

function swapped(ports: number): number {
  return (ports << 16) | (ports >>> 16);
}

/** Each word mixed in with the multiplier of Knuth's multiplicative hash; the high bits are the good ones. */
function hashOf(key: Int32Array): number {
  let hash = 0;
  for (let i = 0; i < WORDS; i++) {
    hash = Math.imul(hash ^ key[i], 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}

/** `192.0.2.1:80`, `[2001:db8::1]:80`. */
function endName(key: Int32Array, end: 0 | 1): string {
  const words = key.subarray(end * HIGHER, end * HIGHER + 4);
  const port = end === 0 ? key[PORTS] >>> 16 : key[PORTS] & 0xffff;
  return formatAddress({ kind: "tcp", host: key[VERSION] === 4 ? ipv4(words[0]) : ipv6(words), port });
}

function ipv4(word: number): string {
  return [24, 16, 8, 0].map((shift) => (word >>> shift) & 0xff).join(".");
}

function ipv6(words: Int32Array): string {
  const groups = [...words].flatMap((word) => [word >>> 16, word & 0xffff].map((group) => group.toString(16)));
  // In the short form of RFC 5952, without its brackets.
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}
