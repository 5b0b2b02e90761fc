/** What is valid and yet may not be what somebody expects. `check` prints these, `run` logs some of them. */
import type { RouteOptions } from "../relay/options.ts";
import { defaultOf } from "./keys/key.ts";
import { TARGET } from "./keys/target.ts";

/** `platform` as `process.platform` names it. */
export function warningsOf({ target, journal }: RouteOptions, platform: string): string[] {
  const warnings: string[] = [];
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
  if (blind !== undefined && target.stallTimeoutMs > 0 && target.stallTimeoutMs !== defaultOf(TARGET.stall_timeout)) {
    warnings.push(`target.stall_timeout has no effect ${blind}: ${isUnix ? NO_LINK : NO_PROBES}`);
  }
  if (journal.retainBytes > 0 && journal.retainMs === 0) {
    warnings.push('journal.retain_bytes has no effect while journal.retain is "0s": delivered segments are removed');
  }
  return warnings;
}

const NO_LINK = "there is no link that could fall silent";
const NO_PROBES = "a silent consumer is noticed by TCP alone";
