/** What the log says of a last run that did not stop cleanly. */
import type { Log } from "../base/log.ts";
import type { Recovery } from "../journal/journal.ts";

/** One line: what it may have lost, and what may arrive twice. */
export function tellUnclean(log: Log, { atRiskBytes, truncatedBytes, unreadFrames }: Recovery): void {
  const lost = atRiskBytes === undefined
    ? "what was in memory alone is lost, nobody knows how much"
    : "at most at_risk_bytes were in memory alone and are lost";
  log.warn("the last run did not stop cleanly", {
    at_risk_bytes: atRiskBytes,
    truncated_bytes: truncatedBytes,
    unread_frames: unreadFrames,
    note:
      `${lost}, what it delivered last may arrive twice; a consumer that died with it may not have read unread_frames`,
  });
}
