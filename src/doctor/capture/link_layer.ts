/** Where the IP header begins behind each kind of link header; numbers of https://www.tcpdump.org/linktypes.html. */

/** What is in the packet is no IP. */
export const NOT_IP = -1;
/** The link header was not captured whole. */
export const CUT_SHORT = -2;
/** The link type is none that is read. */
export const UNREADABLE = -3;

const NULL = 0;
const ETHERNET = 1;
const LOOP = 108;
const COOKED = 113;
const COOKED_2 = 276;

/** Those of which IP is all there is; 12 and 14 are what some systems write for 101. */
const RAW: readonly number[] = [12, 14, 101, 228, 229];

const NAMES: Readonly<Record<number, string>> = {
  [NULL]: "loopback",
  [ETHERNET]: "Ethernet",
  12: "raw IP",
  14: "raw IP",
  101: "raw IP",
  [LOOP]: "loopback",
  [COOKED]: "Linux cooked",
  228: "raw IPv4",
  229: "raw IPv6",
  [COOKED_2]: "Linux cooked v2",
};

/** `Ethernet`; `link type 105` for one that is not read. */
export function linkName(link: number): string {
  return NAMES[link] ?? `link type ${link}`;
}

export function isReadable(link: number): boolean {
  return NAMES[link] !== undefined;
}

/**
 * The index of the IP header of the packet in `bytes` from `at` to `end`, or
 * NOT_IP, CUT_SHORT or UNREADABLE.
 */
export function networkOffset(link: number, bytes: Uint8Array, at: number, end: number): number {
  switch (link) {
    case ETHERNET:
      return behindType(bytes, at + 12, at + 14, end);
    case COOKED:
      return behindType(bytes, at + 14, at + 16, end);
    case COOKED_2:
      return behindType(bytes, at, at + 20, end);
    case NULL:
    case LOOP:
      // The address family: its number and byte order are the capturing system's, and the IP version says the same.
      return at + 4;
    default:
      return RAW.includes(link) ? at : UNREADABLE;
  }
}

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
/** VLAN tags: IEEE 802.1Q, 802.1ad, and what was common before the latter. */
const TAGS: readonly number[] = [0x8100, 0x88a8, 0x9100];
const TAG_BYTES = 4;

/** The payload begins at `payloadAt`, its type is the number at `typeAt`; tags stand before the payload, each with the type of what follows. */
function behindType(bytes: Uint8Array, typeAt: number, payloadAt: number, end: number): number {
  while (payloadAt <= end) {
    const type = (bytes[typeAt] << 8) | bytes[typeAt + 1];
    if (type === IPV4 || type === IPV6) return payloadAt;
    if (!TAGS.includes(type)) return NOT_IP;
    typeAt = payloadAt + 2;
    payloadAt += TAG_BYTES;
  }
  return CUT_SHORT;
}
