/**
 * The line and the exit code of a monitoring plugin, as Nagios, Icinga and others
 * take them (Monitoring Plugins Development Guidelines, "Plugin output" and
 * "Performance data"): `SPILLWAY OK - text | 'label'=value[unit];[warn];[crit];[min]`.
 */
import type { RouteStatus } from "../../../admin/status.ts";
import { counted } from "../../../base/range_text.ts";
import { maskControls } from "../../output/control_characters.ts";
import type { Amount, Limits } from "./limits.ts";
import { type Finding, type Level, WARNING_SHARE } from "./verdict.ts";

export const PLUGIN_EXIT: Readonly<Record<Level, number>> = { ok: 0, warning: 1, critical: 2, unknown: 3 };

/** Some programs between here and the operator cut a line after a kilobyte or a few. */
const FINDINGS_MAX = 8;

/** `findings` has at least one, the worst first. The line has no newline at its end. */
export function pluginLine(findings: readonly Finding[], routes: readonly RouteStatus[], limits?: Limits): string {
  const shown = findings.slice(0, FINDINGS_MAX).map(({ text }) => text);
  const left = findings.length - shown.length;
  if (left > 0) shown.push(`and ${counted(left, "finding")} more`);
  const line = `SPILLWAY ${findings[0].level.toUpperCase()} - ${plain(shown.join("; "))}`;
  const figures = limits === undefined ? [] : routes.flatMap((route) => figuresOf(route, limits));
  return figures.length === 0 ? line : `${line} | ${figures.join(" ")}`;
}

/** In one line, and without a bar, which would begin the figures. */
function plain(text: string): string {
  return maskControls(text.replaceAll("\n", "; ")).replaceAll("|", "/");
}

function figuresOf(route: RouteStatus, limits: Limits): string[] {
  const { pending, ageSeconds, heldUpSeconds, dropped } = limits;
  const age = route.pending_frames === 0 ? 0 : route.oldest_pending_seconds;
  const heldUp = route.from === "daemon" ? route.source_held_up_seconds ?? 0 : null;
  const figure = (name: string, value: number | null, unit: string, limit?: number) =>
    `'${labelOf(route.route)}_${name}'=${value === null ? "U" : `${value}${unit}`}${rangesOf(limit)};0`;
  return [
    figure("pending_bytes", route.pending_bytes, "B", within(pending, "bytes")),
    figure("pending_frames", route.pending_frames, "", within(pending, "frames")),
    figure("oldest", age, "s", ageSeconds),
    figure("held_up", heldUp, "s", heldUpSeconds),
    figure("dropped_bytes", route.dropped_bytes, "B", within(dropped, "bytes")),
    figure("dropped_frames", route.dropped_frames, "c", within(dropped, "frames")),
  ];
}

/** A label must not have these two characters in it. */
function labelOf(route: string): string {
  return plain(route).replace(/['=]/g, "_");
}

function within(limit: Amount | undefined, unit: Amount["unit"]): number | undefined {
  return limit?.unit === unit ? limit.value : undefined;
}

/** A number as a range means: an alert above it. */
function rangesOf(limit: number | undefined): string {
  return limit === undefined ? ";;" : `;${Math.round(limit * WARNING_SHARE * 1000) / 1000};${limit}`;
}
