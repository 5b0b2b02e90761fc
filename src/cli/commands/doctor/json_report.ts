/** `doctor --json`: everything that was found and measured, as one object. */
import { isoMs, type RouteStatus } from "../../../admin/status.ts";
import type { Finding } from "../../../doctor/finding.ts";
import { flowsOf, isUsed } from "../../../doctor/flow.ts";
import { isSlow } from "../../../doctor/diagnose.ts";
import type { Series } from "../../../doctor/series.ts";
import { timelineOf } from "../../../doctor/timeline.ts";

export interface DoctorReport {
  readonly series: Series;
  /** What is slow comes first. */
  readonly findings: readonly Finding[];
  readonly routes: readonly RouteStatus[];
  readonly seconds: number;
  readonly unseen: readonly string[];
}

/** `timeUs`: the end of the series. */
export function jsonReport({ series, findings, routes, seconds, unseen }: DoctorReport, timeUs: number) {
  return {
    time: isoMs(timeUs),
    seconds,
    samples: series.samples.length,
    slow: isSlow(findings),
    findings,
    timelines: flowsOf(series).filter(isUsed).map(timelineOf),
    /** By how much the kernel's counters grew; of all connections of the machine. */
    counters: series.counters,
    routes,
    unseen,
  };
}
