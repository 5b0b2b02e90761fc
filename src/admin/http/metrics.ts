/**
 * The figures of all routes in the text format of Prometheus, version 0.0.4
 * (prometheus.io, "Exposition formats"). Every family is described once, in
 * the tables here.
 */
import type { Histogram } from "../../base/histogram.ts";
import { DROP_REASONS } from "../../base/ledger.ts";
import type { RouteStatus } from "../status.ts";

/** The type of the format, for a Content-Type header. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** What one route has to be measured by. */
export interface RouteFigures {
  readonly status: RouteStatus;
  readonly delivery: Histogram;
  readonly sync: Histogram;
}

export interface ProcessFigures {
  readonly loopLagSeconds: number;
  readonly version: string;
  readonly commit: string;
  /** The runtime and its version. */
  readonly runtime: string;
}

type Labels = Readonly<Record<string, string>>;

interface Family {
  /** Without the prefix that all have. */
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  /** The figures of a route, each with the labels that it has beside the route's name. A null is left out. */
  values(status: RouteStatus): readonly (readonly [number | null, Labels?])[];
}

function counter(name: string, help: string, value: (status: RouteStatus) => number | null): Family {
  return { name, help, type: "counter", values: (status) => [[value(status)]] };
}

function gauge(name: string, help: string, value: (status: RouteStatus) => number | null): Family {
  return { name, help, type: "gauge", values: (status) => [[value(status)]] };
}

/** Of a route, apart from the histograms. */
export const FAMILIES: readonly Family[] = [
  counter("received_frames_total", "Frames read from producers.", (of) => of.received_frames),
  counter("received_bytes_total", "Bytes read from producers.", (of) => of.received_bytes),
  counter("delivered_frames_total", "Frames that the consumer has confirmed.", (of) => of.delivered_frames),
  counter("delivered_bytes_total", "Bytes of frames that the consumer has confirmed.", (of) => of.delivered_bytes),
  counter("spilled_frames_total", "Frames appended to the journal.", (of) => of.spilled_frames),
  counter("spilled_bytes_total", "Bytes of frames appended to the journal.", (of) => of.spilled_bytes),
  dropped("dropped_frames_total", "Frames dropped, by reason.", "frames"),
  dropped("dropped_bytes_total", "Bytes dropped, by reason.", "bytes"),
  counter("resent_frames_total", "Frames sent once more, each time counted.", (of) => of.resent_frames),
  counter(
    "may_be_lost_bytes_total",
    "Bytes that a consumer had acknowledged and perhaps not read when its connection was lost, and that were not sent again.",
    (of) => of.may_be_lost_bytes,
  ),
  gauge("carried_frames", "Frames that were pending when the process started.", (of) => of.carried_frames),
  gauge("carried_bytes", "Bytes of frames that were pending when the process started.", (of) => of.carried_bytes),
  gauge("pending_frames", "Frames received and not confirmed: the backlog.", (of) => of.pending_frames),
  gauge("pending_bytes", "Bytes of frames received and not confirmed: the backlog.", (of) => of.pending_bytes),
  gauge(
    "oldest_pending_seconds",
    "Age of the oldest pending frame; 0 if none is pending.",
    (of) => of.oldest_pending_seconds ?? 0,
  ),
  gauge("memory_bytes", "Memory that buffers of the route take.", (of) => of.memory_bytes),
  gauge("memory_max_bytes", "The most that they may take: memory.max_bytes.", (of) => of.memory_max_bytes),
  gauge("journal_bytes", "Size of the journal's segments.", (of) => of.journal_bytes),
  gauge(
    "journal_capacity_bytes",
    "The size up to which the journal can grow, by its limits and the room on its disk.",
    (of) => of.journal_capacity_bytes,
  ),
  gauge("journal_segments", "Segments of the journal.", (of) => of.journal_segments),
  gauge("at_risk_bytes", "Bytes in memory alone, which a crash now would cost.", (of) => of.at_risk_bytes),
  counter("quarantined_bytes_total", "Damaged bytes and refused frames set aside.", (of) => of.quarantined_bytes),
  gauge("source_connections", "Producers that are connected.", (of) => of.source_connections),
  counter("source_refused_connections_total", "Producers that were refused.", (of) => of.source_refused_connections),
  {
    name: "source_paused_seconds_total",
    help: "Time in which reading was stopped: for want of memory, or for a target about to make room (patience).",
    type: "counter",
    values: (of) => [
      [of.source_paused_seconds, { reason: "memory" }],
      [of.source_patience_seconds, { reason: "patience" }],
    ],
  },
  gauge(
    "source_held_up_seconds",
    "How long a producer has been waiting to be read; 0 if none waits.",
    (of) => of.source_held_up_seconds ?? 0,
  ),
  gauge(
    "source_recv_queue_bytes",
    "Bytes of producers that the kernel has and that are not read yet.",
    (of) => of.source_recv_queue_bytes,
  ),
  gauge("target_up", "1 while a consumer is connected.", (of) => Number(of.target_up)),
  gauge(
    "target_away_seconds",
    "How long no consumer has been connected; 0 while one is.",
    (of) => of.target_away_seconds ?? 0,
  ),
  counter("target_connects_total", "Connections to consumers.", (of) => of.target_connects),
  gauge("target_inflight_bytes", "Bytes sent and not confirmed.", (of) => of.target_inflight_bytes),
  counter(
    "target_window_limited_seconds_total",
    "Time in which the consumer's closed window kept the kernel from sending (tcpi_rwnd_limited).",
    (of) => of.target_window_limited_seconds,
  ),
];

/** The histograms of a route. */
export const HISTOGRAMS: readonly {
  readonly name: string;
  readonly help: string;
  of(figures: RouteFigures): Histogram;
}[] = [
  { name: "delivery_seconds", help: "From a frame's arrival to its confirmation.", of: ({ delivery }) => delivery },
  { name: "sync_seconds", help: "How long syncs of appended frames take.", of: ({ sync }) => sync },
];

/** Reasons for which nothing was dropped are there with 0, so that the first drop shows as a rise. */
function dropped(name: string, help: string, unit: "frames" | "bytes"): Family {
  return {
    name,
    help,
    type: "counter",
    values: ({ dropped }) => DROP_REASONS.map((reason) => [dropped?.[reason]?.[unit] ?? 0, { reason }]),
  };
}

export function metricsText(routes: readonly RouteFigures[], process: ProcessFigures): string {
  const lines: string[] = [];
  const head = (name: string, type: string, help: string) => {
    lines.push(`# HELP spillway_${name} ${help}`, `# TYPE spillway_${name} ${type}`);
  };
  for (const { name, help, type, values } of FAMILIES) {
    head(name, type, help);
    for (const { status } of routes) {
      for (const [value, labels] of values(status)) {
        if (value !== null) lines.push(sample(name, { route: status.route, ...labels }, value));
      }
    }
  }
  for (const { name, help, of } of HISTOGRAMS) {
    head(name, "histogram", help);
    for (const figures of routes) lines.push(...histogramLines(name, figures.status.route, of(figures)));
  }
  const { loopLagSeconds, version, commit, runtime } = process;
  head("event_loop_lag_seconds", "gauge", "How late the event loop was at most, in the last 5 seconds.");
  lines.push(sample("event_loop_lag_seconds", {}, loopLagSeconds));
  head("build_info", "gauge", "1, with what this process is.");
  lines.push(sample("build_info", { version, commit, runtime }, 1));
  return lines.join("\n") + "\n";
}

function histogramLines(name: string, route: string, histogram: Histogram): string[] {
  const { bounds, cumulative, count, sum } = histogram;
  const bucket = (le: string, value: number) => sample(`${name}_bucket`, { route, le }, value);
  return [
    ...bounds.map((bound, i) => bucket(String(bound), cumulative[i])),
    bucket("+Inf", count),
    sample(`${name}_sum`, { route }, sum),
    sample(`${name}_count`, { route }, count),
  ];
}

function sample(name: string, labels: Labels, value: number): string {
  const text = Object.entries(labels).map(([label, of]) => `${label}="${escapeLabel(of)}"`).join(",");
  return `spillway_${name}${text === "" ? "" : `{${text}}`} ${value}`;
}

/** Of a label's value, backslash, double quote and newline are escaped. */
function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
