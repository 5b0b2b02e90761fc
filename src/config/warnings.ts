/** What is valid and yet may not be what somebody expects. `check` prints these, `run` logs some of them. */
import type { RouteOptions } from "../relay/options.ts";

/** `platform` as `process.platform` names it. */
export function warningsOf(route: RouteOptions, platform: string): string[] {
  const warnings: string[] = [];
  if (route.target.confirm === "acked" && !canTellAcknowledged(route, platform)) {
    const where = platform === "linux" ? "on a unix socket" : `on ${platform}`;
    warnings.push(`target.confirm = "acked" means "written" ${where}: what the kernel took counts as delivered`);
  }
  if (route.target.stallTimeoutMs > 0 && route.target.endpoint.address.kind === "tcp" && platform !== "linux") {
    warnings.push(`target.stall_timeout has no effect on ${platform}: a silent consumer is noticed by TCP alone`);
  }
  if (route.journal.retainBytes > 0 && route.journal.retainMs === 0) {
    warnings.push('journal.retain_bytes has no effect while journal.retain is "0s": delivered segments are removed');
  }
  return warnings;
}

/** SIOCOUTQ counts unacknowledged bytes of TCP sockets on Linux only. */
function canTellAcknowledged(route: RouteOptions, platform: string): boolean {
  return platform === "linux" && route.target.endpoint.address.kind === "tcp";
}
