/**
 * One TCP segment of a capture. A single object is filled again for each packet,
 * so that a capture of any size makes no garbage; whoever needs a value for longer
 * takes it out.
 */

/** Control bits of the TCP header (RFC 9293, 3.1). */
export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const ACK = 0x10;

/** There is no such option in the segment. */
export const NO_SCALE = -1;
/** The options were not captured whole. */
export const SCALE_CUT_OFF = -2;

export class Segment {
  /** Microseconds since 1970, whole, and at most 2^53. */
  timeUs = 0;
  /** Sequence numbers are signed 32-bit integers: a difference `(a - b) | 0` is right across the wrap. */
  sequence = 0;
  acknowledgment = 0;
  flags = 0;
  /** As in the header, not scaled. */
  window = 0;
  /** Bytes of data on the wire, captured or not. */
  payload = 0;
  /** The identification of the IPv4 header; 0 for IPv6. */
  identification = 0;
  /** The shift of the window scale option (RFC 7323, 2.2), looked for in SYN alone; else {@link NO_SCALE}. */
  scale = NO_SCALE;
}
