/**
 * Is a request meant for this server? A page of another site that a browser on
 * this machine shows can have its own name lead here (DNS rebinding) and read the
 * answers; the name that it asked for then stands in the Host header (RFC 9110, 7.2).
 */
import { isAddress } from "../../runtime/networks.ts";

/** `host` is the header; `names` are those of this server, besides its addresses and `localhost`. */
export function isHostAllowed(host: string | undefined, names: readonly string[]): boolean {
  // Only HTTP/1.0 has no such header, and no browser speaks it.
  if (host === undefined) return true;
  const name = host.replace(/:\d*$/, "").replace(/^\[|\]$/g, "").replace(/\.$/, "").toLowerCase();
  if (isAddress(name) || name === "localhost" || name.endsWith(".localhost")) return true;
  return names.some((own) => own.toLowerCase() === name);
}
