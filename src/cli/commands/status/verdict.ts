/**
 * What `status --check` makes of the routes: which of them needs somebody, and
 * how badly. A limit that is passed is critical, four fifths of it a warning.
 */
import type { RouteStatus, State, StatusReport } from "../../../admin/status.ts";
import { messageOf } from "../../../base/error.ts";
import { formatDuration, formatSize } from "../../../base/quantity.ts";
import { counted } from "../../../base/range_text.ts";
import { undeliveredText } from "../../journals/undelivered.ts";
import type { Collected } from "./collect.ts";
import type { Amount, Limits } from "./limits.ts";

/** The worst first: a route that cannot be judged may be a critical one. */
export const LEVELS = ["critical", "unknown", "warning", "ok"] as const;
export type Level = (typeof LEVELS)[number];

export interface Finding {
  readonly level: Level;
  readonly text: string;
}

/** Above this share of a limit there is a warning. */
export const WARNING_SHARE = 0.8;

/** The states that are findings by themselves, and what is said of them. */
const STATES: Partial<Record<State, Finding>> = {
  stopped: { level: "critical", text: "no daemon is running" },
  silent: { level: "critical", text: "the daemon does not answer" },
  full: { level: "critical", text: "the journal takes no frames" },
  stalled: { level: "warning", text: "the consumer reads nothing" },
  waiting: { level: "warning", text: "the consumer is away" },
  stopping: { level: "warning", text: "the daemon is stopping" },
};

/** Everything that was found, the worst first; one finding of level `ok` if all is well. */
export function judge({ report, failures }: Collected, limits: Limits): Finding[] {
  const found = [
    ...failures.map((failure): Finding => ({ level: "unknown", text: messageOf(failure) })),
    ...report.routes.flatMap((route) =>
      judgeRoute(route, limits).map(({ level, text }): Finding => ({ level, text: `${route.route}: ${text}` }))
    ),
    ...(report.undelivered ?? []).map((each): Finding => ({ level: "warning", text: undeliveredText(each) })),
  ];
  if (found.length === 0) return [{ level: "ok", text: wellText(report) }];
  return found.sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
}

function judgeRoute(route: RouteStatus, limits: Limits): Finding[] {
  const { pending, ageSeconds, heldUpSeconds, dropped } = limits;
  return [
    stateOf(route),
    over("producers are held up for", route.source_held_up_seconds, heldUpSeconds, inWords),
    pending && over("pending:", route[`pending_${pending.unit}`], pending.value, textOf(pending)),
    over("the oldest frame is pending for", route.oldest_pending_seconds, ageSeconds, inWords),
    dropped && over("dropped:", route[`dropped_${dropped.unit}`], dropped.value, textOf(dropped)),
  ].filter((finding) => finding !== undefined);
}

function stateOf({ state, detail }: RouteStatus): Finding | undefined {
  const finding = STATES[state];
  if (finding === undefined || detail === null) return finding;
  return { ...finding, text: `${finding.text}: ${detail}` };
}

/** Undefined if the value is within the limit, or either is not there. */
function over(
  what: string,
  value: number | null,
  limit: number | undefined,
  shown: (value: number) => string,
): Finding | undefined {
  if (value === null || limit === undefined || value <= limit * WARNING_SHARE) return undefined;
  return { level: value > limit ? "critical" : "warning", text: `${what} ${shown(value)}, limit ${shown(limit)}` };
}

function inWords(seconds: number): string {
  return formatDuration(seconds * 1000);
}

function textOf({ unit }: Amount): (value: number) => string {
  return unit === "bytes" ? formatSize : (value) => counted(value, "frame");
}

/** `2 routes, 3 frames pending, 14B, the oldest for 1.2s`. */
function wellText({ routes }: StatusReport): string {
  const frames = routes.reduce((sum, { pending_frames }) => sum + pending_frames, 0);
  const bytes = routes.reduce((sum, { pending_bytes }) => sum + pending_bytes, 0);
  const oldest = Math.max(...routes.map(({ oldest_pending_seconds }) => oldest_pending_seconds ?? 0));
  const pending = frames === 0
    ? "nothing pending"
    : `${counted(frames, "frame")} pending, ${formatSize(bytes)}, the oldest for ${inWords(oldest)}`;
  return `${counted(routes.length, "route")}, ${pending}`;
}
