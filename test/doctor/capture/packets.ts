/** Packets as a capture has them: link header, IP, TCP, made from what a test wants to say. */

export interface TcpPacket {
  /** `10.0.0.1:40000` or `[2001:db8::1]:40000`, both ends alike. */
  readonly from: string;
  readonly to: string;
  /** Since the begin of the capture. */
  readonly ms: number;
  /** Letters as tcpdump has them: S, F, R, and `.` for ACK. */
  readonly flags: string;
  readonly sequence: number;
  readonly acknowledgment?: number;
  readonly window?: number;
  /** Bytes of data. */
  readonly payload?: number;
  /** The window scale option. */
  readonly scale?: number;
  readonly identification?: number;
  /** IPv6: the extension headers before TCP. */
  readonly extensions?: readonly Uint8Array[];
  /** IPv4: flags and offset of the fragment. */
  readonly fragment?: number;
}

export type LinkKind = "ethernet" | "vlan" | "two tags" | "cooked" | "cooked 2" | "raw" | "null" | "loop";

/** Numbers of https://www.tcpdump.org/linktypes.html. */
export const LINK_TYPES: Readonly<Record<LinkKind, number>> = {
  ethernet: 1,
  vlan: 1,
  "two tags": 1,
  cooked: 113,
  "cooked 2": 276,
  raw: 101,
  null: 0,
  loop: 108,
};

export function packetBytes(packet: TcpPacket, link: LinkKind = "ethernet"): Uint8Array {
  const ip = ipBytes(packet);
  return concat(linkHeader(link, packet.from.startsWith("[")), ip);
}

function linkHeader(link: LinkKind, isV6: boolean): Uint8Array {
  const type = isV6 ? [0x86, 0xdd] : [0x08, 0x00];
  const addresses = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
  switch (link) {
    case "ethernet":
      return Uint8Array.from([...addresses, ...type]);
    case "vlan":
      return Uint8Array.from([...addresses, 0x81, 0, 0, 7, ...type]);
    case "two tags":
      return Uint8Array.from([...addresses, 0x88, 0xa8, 0, 7, 0x81, 0, 0, 8, ...type]);
    case "cooked":
      return Uint8Array.from([0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, ...type]);
    case "cooked 2":
      return Uint8Array.from([...type, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0]);
    case "raw":
      return new Uint8Array(0);
    case "null":
      return Uint8Array.from([isV6 ? 30 : 2, 0, 0, 0]);
    case "loop":
      return Uint8Array.from([0, 0, 0, isV6 ? 30 : 2]);
  }
}

const TCP = 6;

function ipBytes(packet: TcpPacket): Uint8Array {
  const tcp = tcpBytes(packet);
  const [from, to] = [addressOf(packet.from), addressOf(packet.to)];
  if (from.length === 16) {
    const { extensions = [] } = packet;
    // Each header names what follows it; the first byte of an extension is for that.
    const kinds = [...extensions.map((each) => each[0]), TCP];
    const chained = extensions.map((each, i) => Uint8Array.from([kinds[i + 1], ...each.subarray(1)]));
    const body = concat(...chained, tcp);
    const header = new Uint8Array(40);
    const view = new DataView(header.buffer);
    header[0] = 0x60;
    view.setUint16(4, body.length);
    header[6] = kinds[0];
    header[7] = 64;
    header.set(from, 8);
    header.set(to, 24);
    return concat(header, body);
  }
  const header = new Uint8Array(20);
  const view = new DataView(header.buffer);
  header[0] = 0x45;
  view.setUint16(2, header.length + tcp.length);
  view.setUint16(4, packet.identification ?? 0);
  view.setUint16(6, packet.fragment ?? 0x4000);
  header[8] = 64;
  header[9] = TCP;
  header.set(from, 12);
  header.set(to, 16);
  return concat(header, tcp);
}

function tcpBytes({ from, to, flags, sequence, acknowledgment = 0, window = 512, payload = 0, scale }: TcpPacket) {
  const options = scale === undefined ? [] : [2, 4, 5, 0xb4, 1, 3, 3, scale];
  const header = new Uint8Array(20 + options.length);
  const view = new DataView(header.buffer);
  view.setUint16(0, portOf(from));
  view.setUint16(2, portOf(to));
  view.setUint32(4, sequence);
  view.setUint32(8, acknowledgment);
  header[12] = (header.length / 4) << 4;
  header[13] = [...flags].reduce((bits, flag) => bits | { F: 1, S: 2, R: 4, ".": 16 }[flag]!, 0);
  view.setUint16(14, window);
  header.set(options, 20);
  return concat(header, new Uint8Array(payload).fill(0x78));
}

function portOf(end: string): number {
  return Number(end.slice(end.lastIndexOf(":") + 1));
}

/** IPv6 with all its groups, but for one `::`. */
function addressOf(end: string): Uint8Array {
  const host = end.slice(0, end.lastIndexOf(":")).replace(/^\[|\]$/g, "");
  if (!host.includes(":")) return Uint8Array.from(host.split(".").map(Number));
  const [head, tail] = host.split("::").map((part) => part.split(":").filter((group) => group !== ""));
  const groups = [...head, ...Array(8 - head.length - (tail?.length ?? 0)).fill("0"), ...tail ?? []];
  return Uint8Array.from(groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]));
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
