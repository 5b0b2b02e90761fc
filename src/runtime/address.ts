/**
 * Addresses as users write and read them: `host:port`, `[v6]:port`, `:port`
 * (every address of this machine) and `unix:/path.sock`.
 */
import { type SpillwayError, usageError } from "../base/error.ts";
import type { Address } from "./net.ts";

const FORMS_HINT = "write host:port, [v6]:port, :port or unix:/path.sock";

/** Bytes of the longest path that fits sun_path with its final zero (unix(7)). */
export const UNIX_PATH_BYTES_MAX = 107;

/**
 * Reads an address. Throws a {@link SpillwayError} (usage) that says what was
 * found and what is allowed.
 */
export function parseAddress(text: string): Address {
  return text.startsWith("unix:") ? parseUnix(text) : parseTcp(text);
}

function parseUnix(text: string): Address {
  const path = text.slice("unix:".length);
  if (!path.startsWith("/")) throw invalid(text, "the path of a unix socket must be absolute");
  if (path.endsWith("/")) throw invalid(text, "it names a directory, not a socket in it");
  if (path.includes("\0")) throw invalid(text, "a path has no zero byte");
  const length = new TextEncoder().encode(path).length;
  if (length > UNIX_PATH_BYTES_MAX) {
    throw invalid(text, `a unix socket's path has at most ${UNIX_PATH_BYTES_MAX} bytes, this one ${length}`);
  }
  return { kind: "unix", path };
}

function parseTcp(text: string): Address {
  const [scheme] = /^[a-z][a-z0-9+.-]*:\/\//i.exec(text) ?? [];
  if (scheme !== undefined) throw invalid(text, `the host stands there without ${scheme}`);
  const parts = text.match(/^(?:\[([^[\]]*)\]|([^[\]]*)):([^:]*)$/);
  if (parts === null) throw invalid(text, "it has no port");
  const [, bracketed, plain, portText] = parts;
  if (bracketed === undefined && plain.includes(":")) {
    throw invalid(text, `an IPv6 address stands in brackets`, `[::1]:${portText}`);
  }
  if (bracketed !== undefined && !/^[0-9a-f:.]*:[0-9a-f:.]*(%[\w.-]+)?$/i.test(bracketed)) {
    throw invalid(text, `${JSON.stringify(bracketed)} is not an IPv6 address`);
  }
  if (/[\s/\0]/.test(plain ?? "")) throw invalid(text, `${JSON.stringify(plain)} is not a host name`);
  const port = Number(portText);
  if (!/^\d{1,5}$/.test(portText) || port > 65535) {
    throw invalid(text, `the port ${JSON.stringify(portText)} is not a number from 0 to 65535`);
  }
  return { kind: "tcp", host: bracketed ?? plain, port };
}

function invalid(text: string, why: string, example?: string): SpillwayError {
  const hint = example === undefined ? FORMS_HINT : `${FORMS_HINT}, for example ${example}`;
  return usageError(`${JSON.stringify(text)} is not an address: ${why}`, hint);
}

/** The address as {@link parseAddress} reads it; an IPv4 address mapped into IPv6 (`::ffff:1.2.3.4`) as IPv4. */
export function formatAddress(address: Address): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  const host = plainHost(address.host);
  return host.includes(":") ? `[${host}]:${address.port}` : `${host}:${address.port}`;
}

/** `::ffff:1.2.3.4` → `1.2.3.4` (RFC 4291, 2.5.5.2); everything else as it is. */
export function plainHost(host: string): string {
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(host) ? host.slice("::ffff:".length) : host;
}

/** The host in what {@link nameOf} gives, without the zone of an IPv6 address; undefined for a unix socket. */
export function peerHost(name: string): string | undefined {
  if (name.startsWith("unix:")) return undefined;
  return plainHost(name.slice(0, name.lastIndexOf(":")).replace(/^\[|\]$/g, "").replace(/%.*/, ""));
}

/** One end of a socket as text; `unixPath` is empty for TCP. */
export function nameOf(host: string | undefined, port: number | undefined, unixPath: string): string {
  if (unixPath !== "") return formatAddress({ kind: "unix", path: unixPath });
  return formatAddress({ kind: "tcp", host: host ?? "", port: port ?? 0 });
}
