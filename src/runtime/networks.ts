/**
 * The networks that peers may come from. An address of IPv4 that a socket of IPv6
 * shows as `::ffff:a.b.c.d` is the IPv4 address (RFC 4291, 2.5.5.2).
 */
import { BlockList, isIP } from "node:net";
import { usageError } from "../base/error.ts";
import { peerHost } from "./address.ts";

const FORMS_HINT = 'write networks such as "10.0.0.0/8", "fd00::/8", or single addresses such as "192.0.2.7"';

export class Networks {
  readonly #list = new BlockList();

  /**
   * `texts`: an address, or one with the length of its network's prefix, each.
   * Throws a SpillwayError (usage) that says what was found and what is allowed.
   */
  constructor(readonly texts: readonly string[]) {
    for (const text of texts) this.#add(text);
  }

  /** May a peer of this name come in, as a `Connection` has it? Any may where no network is named. A unix socket's has no address. */
  admits(peer: string): boolean {
    if (this.texts.length === 0) return true;
    const host = peerHost(peer);
    return host !== undefined && isIP(host) !== 0 && this.#list.check(host, familyOf(host));
  }

  #add(text: string): void {
    const [, address, length] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
    if (address === undefined || isIP(address) === 0 || address.includes("%")) throw invalid(text, "not a network");
    const bits = familyOf(address) === "ipv4" ? 32 : 128;
    if (length === undefined) return this.#list.addAddress(address, familyOf(address));
    if (Number(length) > bits) throw invalid(text, `not a network: a prefix has at most ${bits} bits here`);
    this.#list.addSubnet(address, Number(length), familyOf(address));
  }
}

/** Is this an address of IPv4 or IPv6, and no name? */
export function isAddress(text: string): boolean {
  return isIP(text) !== 0;
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 4 ? "ipv4" : "ipv6";
}

function invalid(text: string, why: string) {
  return usageError(`${JSON.stringify(text)} is ${why}`, FORMS_HINT);
}
