/**
 * From a packet's bytes to a segment of a connection: link header, IP, TCP.
 * Packets that are something else, or of which too little was captured, are counted.
 *
 * Once per packet of captures of many gigabytes: nothing here makes an object.
 */
import type { ConnectionTable } from "./connection_table.ts";
import { CUT_SHORT, networkOffset, NOT_IP, UNREADABLE } from "./link_layer.ts";
import type { PacketSink } from "./record_reader.ts";
import { NO_SCALE, Segment, SYN } from "./segment.ts";
import { windowScale } from "./tcp_options.ts";

/** Protocol numbers (IANA) of TCP and of IPv6's extension headers. */
const HOP_BY_HOP = 0;
const TCP = 6;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION = 60;
/** More than any packet has; RFC 8200 allows each once, and destination options twice. */
const EXTENSIONS_MAX = 16;

const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const TCP_BYTES = 20;
/** Offset and "more fragments" of the IPv4 header. */
const FRAGMENTED = 0x3fff;

/** Packets by what became of them; the rest are segments. */
export interface PacketCounts {
  packets: number;
  /** ARP, UDP and the like. */
  notTcp: number;
  fragments: number;
  /** The snap length was too short for the headers. */
  cutShort: number;
  /** Headers that contradict themselves. */
  malformed: number;
  /** The link header is of a kind that is not read. */
  unreadableLink: number;
}

export class Dissector implements PacketSink {
  timeUs = 0;
  readonly counts: PacketCounts = { packets: 0, notTcp: 0, fragments: 0, cutShort: 0, malformed: 0, unreadableLink: 0 };
  firstUs = Number.POSITIVE_INFINITY;
  lastUs = 0;
  readonly #segment = new Segment();

  constructor(private readonly table: ConnectionTable) {}

  take(bytes: Uint8Array, view: DataView, at: number, captured: number, wire: number, link: number): void {
    this.counts.packets++;
    if (this.timeUs < this.firstUs) this.firstUs = this.timeUs;
    if (this.timeUs > this.lastUs) this.lastUs = this.timeUs;
    const end = at + captured;
    const ip = networkOffset(link, bytes, at, end);
    if (ip === UNREADABLE) this.counts.unreadableLink++;
    else if (ip === NOT_IP) this.counts.notTcp++;
    else if (ip === CUT_SHORT || ip >= end) this.counts.cutShort++;
    else {
      this.#segment.timeUs = this.timeUs;
      const version = bytes[ip] >> 4;
      if (version === 4) this.#ipv4(bytes, view, ip, end, at + wire);
      else if (version === 6) this.#ipv6(bytes, view, ip, end, at + wire);
      else this.counts.notTcp++;
    }
  }

  /** `wireEnd`: where the packet would end had it been captured whole. */
  #ipv4(bytes: Uint8Array, view: DataView, ip: number, end: number, wireEnd: number): void {
    if (ip + IPV4_BYTES > end) {
      this.counts.cutShort++;
      return;
    }
    const header = (bytes[ip] & 0x0f) * 4;
    const total = view.getUint16(ip + 2);
    if (bytes[ip + 9] !== TCP) this.counts.notTcp++;
    else if ((view.getUint16(ip + 6) & FRAGMENTED) !== 0) this.counts.fragments++;
    else if (header < IPV4_BYTES) this.counts.malformed++;
    else {
      this.#segment.identification = view.getUint16(ip + 4);
      // What a network card is to cut into segments may have 0 here.
      this.#tcp(bytes, view, 4, ip + 12, ip + header, end, total === 0 ? wireEnd : ip + total);
    }
  }

  #ipv6(bytes: Uint8Array, view: DataView, ip: number, end: number, wireEnd: number): void {
    if (ip + IPV6_BYTES > end) {
      this.counts.cutShort++;
      return;
    }
    const total = view.getUint16(ip + 4);
    let next = bytes[ip + 6];
    let at = ip + IPV6_BYTES;
    for (let i = 0; i < EXTENSIONS_MAX && next !== TCP; i++) {
      if (
        next !== HOP_BY_HOP && next !== ROUTING && next !== DESTINATION && next !== AUTHENTICATION && next !== FRAGMENT
      ) {
        break;
      }
      if (at + 8 > end) {
        this.counts.cutShort++;
        return;
      }
      // Offset and "more fragments": a fragment that is the whole packet has neither (RFC 6946).
      if (next === FRAGMENT && (view.getUint16(at + 2) & 0xfff9) !== 0) {
        this.counts.fragments++;
        return;
      }
      const length = next === FRAGMENT
        ? 8
        : next === AUTHENTICATION
        ? (bytes[at + 1] + 2) * 4
        : (bytes[at + 1] + 1) * 8;
      next = bytes[at];
      at += length;
    }
    if (next !== TCP) {
      this.counts.notTcp++;
      return;
    }
    this.#segment.identification = 0;
    // 0 is for packets of more than 64 KiB (RFC 2675).
    this.#tcp(bytes, view, 6, ip + 8, at, end, total === 0 ? wireEnd : ip + IPV6_BYTES + total);
  }

  #tcp(
    bytes: Uint8Array,
    view: DataView,
    version: 4 | 6,
    addressesAt: number,
    at: number,
    end: number,
    payloadEnd: number,
  ): void {
    if (at + TCP_BYTES > end) {
      this.counts.cutShort++;
      return;
    }
    const payloadAt = at + (bytes[at + 12] >> 4) * 4;
    if (payloadAt < at + TCP_BYTES || payloadAt > payloadEnd) {
      this.counts.malformed++;
      return;
    }
    const segment = this.#segment;
    segment.sequence = view.getInt32(at + 4);
    segment.acknowledgment = view.getInt32(at + 8);
    segment.flags = bytes[at + 13];
    segment.window = view.getUint16(at + 14);
    segment.payload = payloadEnd - payloadAt;
    segment.scale = (segment.flags & SYN) === 0 ? NO_SCALE : windowScale(bytes, at + TCP_BYTES, payloadAt, end);
    this.table.take(segment, view, version, addressesAt, at);
  }
}
