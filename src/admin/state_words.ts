/** The state of a route in one line of plain words: what it does, since when, how far behind, and how long that can go on. */
import { durationWords, sizeWords } from "./figure_words.ts";
import type { RouteStatus } from "./status.ts";

/** What is further away than this, in seconds, is not worth a word. */
const FAR_SECONDS = 365 * 86_400;

/** No newline, no full stop. `detail` of the status may hold text of peers: it stands at the end. */
export function describeState(route: RouteStatus): string {
  const parts = [...WORDS[route.state](route), ...route.detail === null ? [] : [route.detail]];
  return parts.join(", ");
}

const WORDS: Readonly<Record<RouteStatus["state"], (route: RouteStatus) => string[]>> = {
  direct: (route) => [route.pending_bytes === 0 ? "direct: nothing pending" : "direct: the consumer keeps up"],
  draining: (route) => [`draining: ${behind(route)}`, ...end(route)],
  stalled: (route) => ["stalled: the consumer is connected and does not read", behind(route), ...end(route)],
  waiting: (route) => {
    const gone = route.target_away_seconds === null ? "no consumer" : awayFor(route);
    return route.pending_bytes === 0
      ? [`waiting: ${gone}`, "nothing pending"]
      : [`spilling: ${gone}`, behind(route), ...end(route)];
  },
  full: (route) => ["full: the journal takes no frames", behind(route)],
  stopping: (route) => ["stopping", behind(route)],
  stopped: (route) => ["stopped: no daemon", behind(route)],
  silent: (route) => ["silent: the daemon does not answer", behind(route)],
};

function awayFor({ target_connects: connects, target_away_seconds: away }: RouteStatus): string {
  return `${connects === 0 ? "no consumer yet" : "consumer gone"} for ${durationWords(away ?? 0)}`;
}

function behind({ pending_bytes: bytes }: RouteStatus): string {
  return bytes === 0 ? "nothing pending" : `${sizeWords(bytes)} behind`;
}

/** How it ends at the rates of now. */
function end({ drained_in_seconds: drained, journal_full_seconds: full }: RouteStatus): string[] {
  if (drained !== null && drained < FAR_SECONDS) return [`at this rate sent in ${durationWords(Math.max(1, drained))}`];
  if (full !== null && full < FAR_SECONDS) return [`at this rate the disk is full in ${durationWords(full)}`];
  return [];
}
