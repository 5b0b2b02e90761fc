/** What a route has to say beside its figures: why it is in its state, what it has lost or may lose, who waits. */
import type { RouteStatus } from "../../../admin/status.ts";
import { formatDuration, formatSize } from "../../../base/quantity.ts";
import { counted } from "../../../base/range_text.ts";
import { maskControls } from "../../output/control_characters.ts";

/** Waiting for memory for moments is how reading is paced; longer than this, in seconds, it is worth a word. */
const HELD_UP_SECONDS = 0.5;

/** Lines without newlines, the most urgent first; `time` is the report's. */
export function remarksOf(route: RouteStatus, time: string): string[] {
  return [
    ...route.detail === null ? [] : [maskControls(route.detail)],
    ...heldUp(route),
    ...dropped(route, Date.parse(time)),
    ...mayBeLost(route),
  ];
}

function heldUp({ source_held_up_seconds: held, source_held_up_reason: reason }: RouteStatus): string[] {
  if (held === null || held < HELD_UP_SECONDS) return [];
  return [`producers are held up for ${formatDuration(held * 1000)}: ${maskControls(reason ?? "")}`];
}

/** One reason after the other, the one that dropped last first. */
function dropped({ dropped, dropped_last_time: lastTimes }: RouteStatus, nowMs: number): string[] {
  const reasons = Object.entries(dropped ?? {})
    .filter(([, { frames, bytes }]) => frames > 0 || bytes > 0)
    .map(([reason, count]) => ({ reason, ...count, atMs: Date.parse(lastTimes?.[reason] ?? "") }))
    .sort((a, b) => b.atMs - a.atMs);
  return reasons.map(({ reason, frames, bytes, atMs }) => {
    const what = frames === 0 ? formatSize(bytes) : `${counted(frames, "frame")}, ${formatSize(bytes)}`;
    const last = Number.isNaN(atMs) ? "" : `, last ${formatDuration(Math.max(0, nowMs - atMs))} ago`;
    return `dropped{${reason}}: ${what}${last}`;
  });
}

function mayBeLost({ may_be_lost_bytes: bytes }: RouteStatus): string[] {
  if (bytes === null || bytes === 0) return [];
  return [`may be lost: ${formatSize(bytes)} that consumers had when their connections ended`];
}
