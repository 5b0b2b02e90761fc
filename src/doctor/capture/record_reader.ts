/** What reads the records of a capture's format; one for each format. */

/** The longest packet that a capture has: MAXIMUM_SNAPLEN of libpcap. */
export const PACKET_BYTES_MAX = 262_144;

/** Takes the packets of a capture, one after the other. */
export interface PacketSink {
  /**
   * The time of the packet to be taken, a whole number of microseconds since 1970.
   * It is no parameter of {@link take}, since an engine may put a number that is
   * no small integer into an object of its own for each call.
   */
  timeUs: number;
  /** `captured` bytes of a packet at `at`, of `wire` bytes on the wire. `link` is the number of a link type. */
  take(bytes: Uint8Array, view: DataView, at: number, captured: number, wire: number, link: number): void;
}

export interface RecordReader {
  /** `pcap`, `pcapng`. */
  readonly format: string;
  /** Numbers of the link types that the capture names, each once. */
  readonly links: ReadonlySet<number>;
  /** Packets that were captured without a time; they have that of the packet before. */
  readonly untimed: number;
  /** What is wrong at the position that {@link read} has returned; undefined while nothing is. */
  readonly damage: string | undefined;
  /** What the record is that begins there: `packet`, for a capture that is cut off. */
  readonly expected: string;
  /**
   * Hands out the packets of the records that lie whole in `bytes` from `from` to
   * `until`. Returns where the next record begins; if that is behind `until`, the
   * bytes before it are of no interest. Stops at damage.
   */
  read(bytes: Uint8Array, view: DataView, from: number, until: number): number;
}

/** The last one whose microseconds are whole numbers, in the year 2255. */
const TIME_US_MAX = Number.MAX_SAFE_INTEGER;

/** Microseconds since 1970 as sinks want them, whatever a capture says. */
export function wholeUs(timeUs: number): number {
  return Math.round(Math.min(Math.max(timeUs, 0), TIME_US_MAX));
}
