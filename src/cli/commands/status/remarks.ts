/** Remarks on a route beside its figures: why it is in its state, how long producers wait, what is lost or may be. */
import type { RouteStatus } from "../../../admin/status.ts";
import { formatDuration, formatSize } from "../../../base/quantity.ts";
import { counted } from "../../../base/range_text.ts";
import { maskControls } from "../../output/control_characters.ts";

/** Short waits for memory are how reading is paced; a longer one, in seconds, is remarked on. */
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

/** A remark for each reason, the one of the last drop first. */
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
