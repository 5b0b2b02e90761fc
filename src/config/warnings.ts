/** What is valid and yet may not be what somebody expects. `check` prints these, `run` logs some of them. */
import type { Endpoint, RouteOptions } from "../relay/options.ts";
import { formatAddress } from "../runtime/address.ts";
import { STALL_TIMEOUT_MS } from "./route.ts";

/** `platform` as `process.platform` names it. */
export function warningsOf({ source, target, journal }: RouteOptions, platform: string): string[] {
  const warnings: string[] = [];
  if (isLoop(source.endpoint, target.endpoint)) {
    warnings.push("target.connect is the route's own source.listen: what it delivers comes in again, without end");
  }
  const isUnix = target.endpoint.address.kind === "unix";
  // What the kernel knows of acknowledgements it tells on Linux only, of probes for TCP sockets only.
  const isLinux = platform === "linux";
  if (!isLinux && target.confirm === "acked") {
    warnings.push(
      `target.confirm = "acked" means "written" on ${platform}: what the kernel took counts as delivered, and nothing is told of what was not read`,
    );
  }
  const blind = isUnix ? "on a unix socket" : isLinux ? undefined : `on ${platform}`;
  // The default asks for nothing; another value was written by somebody who counts on it.
  if (blind !== undefined && target.stallTimeoutMs > 0 && target.stallTimeoutMs !== STALL_TIMEOUT_MS) {
    warnings.push(`target.stall_timeout has no effect ${blind}: ${isUnix ? NO_LINK : NO_PROBES}`);
  }
  if (journal.retainBytes > 0 && journal.retainMs === 0) {
    warnings.push('journal.retain_bytes has no effect while journal.retain is "0s": delivered segments are removed');
  }
  return warnings;
}

/** As far as the addresses tell: a name may be one of this machine. */
function isLoop(source: Endpoint, target: Endpoint): boolean {
  if (source.role !== "listen" || target.role !== "connect") return false;
  const [here, there] = [source.address, target.address];
  if (formatAddress(here) === formatAddress(there)) return true;
  const isWildcard = here.kind === "tcp" && /^(|::|0\.0\.0\.0)$/.test(here.host);
  const isLocal = there.kind === "tcp" && /^(localhost|127\.[0-9.]+|::1)$/.test(there.host);
  return isWildcard && isLocal && here.port === there.port;
}

const NO_LINK = "there is no link that could fall silent";
const NO_PROBES = "a silent consumer is noticed by TCP alone";
