/** Values that are valid and do not have the effect that they seem to have here. `check` prints them, `run` logs them. */
import type { RouteOptions } from "../relay/options.ts";
import { defaultOf } from "./keys/key.ts";
import { TARGET } from "./keys/target.ts";

/** `platform` as `process.platform` names it. */
export function warningsOf({ target, journal }: RouteOptions, platform: string): string[] {
  const warnings: string[] = [];
  const isUnix = target.endpoint.address.kind === "unix";
  // Only Linux says what was acknowledged, and probes exist for TCP sockets alone.
  const isLinux = platform === "linux";
  if (!isLinux && target.confirm === "acked") {
    warnings.push(
      `target.confirm = "acked" means "written" on ${platform}: what the kernel took counts as delivered, and nothing is told of what was not read`,
    );
  }
  const blind = isUnix ? "on a unix socket" : isLinux ? undefined : `on ${platform}`;
  // A value other than the default was chosen for its effect.
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
