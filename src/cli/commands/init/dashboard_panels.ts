/**
 * The panels of the Grafana dashboard, in the order of the questions that are
 * asked at night: is a producer held up, how far is the consumer behind, was
 * anything lost? In queries `$route` stands for the selection of routes and relays.
 */

export interface Query {
  /** PromQL. */
  readonly expr: string;
  /** A template of Grafana. */
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  /** What it shows, and what it means where it is not as it should be. */
  readonly description: string;
  /** A unit of Grafana. */
  readonly unit: string;
  readonly queries: readonly Query[];
  /** Of a single figure: it is red from this value on. */
  readonly redFrom?: number;
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const SELECTED = '{route=~"$route", instance=~"$instance"}';

const by = (metric: string, legend = "{{route}}"): Query => ({
  expr: `sum by (route) (${metric}${SELECTED})`,
  legend,
});

const rate = (counter: string, legend = "{{route}}", labels = "route"): Query => ({
  expr: `sum by (${labels}) (rate(${counter}${SELECTED}[$__rate_interval]))`,
  legend,
});

const grown = (counter: string): Query => ({ expr: `sum(increase(${counter}${SELECTED}[$__range]))`, legend: "" });

const quantiles = (histogram: string): Query[] =>
  [0.5, 0.99, 0.999].map((share) => ({
    expr: `histogram_quantile(${share}, sum by (le, route) (rate(${histogram}_bucket${SELECTED}[$__rate_interval])))`,
    legend: `{{route}} ${share * 100} %`,
  }));

export const ROWS: readonly Row[] = [
  {
    title: "At a glance",
    panels: [
      {
        title: "Producers held up",
        description: "Share of the time in which nothing was read for want of memory or disk. Above 0: spillway status",
        unit: "percentunit",
        queries: [{
          expr:
            `max(rate(spillway_source_paused_seconds_total{reason="memory", route=~"$route", instance=~"$instance"}` +
            `[$__rate_interval]))`,
          legend: "",
        }],
        redFrom: 0.01,
      },
      {
        title: "Pending",
        description: "Received and not delivered",
        unit: "bytes",
        queries: [{ expr: `sum(spillway_pending_bytes${SELECTED})`, legend: "" }],
      },
      {
        title: "Oldest pending",
        description: "How long the oldest pending frame has been waiting",
        unit: "s",
        queries: [{ expr: `max(spillway_oldest_pending_seconds${SELECTED})`, legend: "" }],
        redFrom: 600,
      },
      {
        title: "Consumers away",
        description: "Routes without a consumer",
        unit: "none",
        queries: [{ expr: `count(spillway_target_up${SELECTED} == 0) or vector(0)`, legend: "" }],
        redFrom: 1,
      },
      {
        title: "Dropped",
        description: "Frames that will not be delivered, in the time shown",
        unit: "none",
        queries: [grown("spillway_dropped_frames_total")],
        redFrom: 1,
      },
      {
        title: "May be lost",
        description: "Acknowledged by a consumer's kernel, perhaps not read, not sent again; in the time shown",
        unit: "bytes",
        queries: [grown("spillway_may_be_lost_bytes_total")],
        redFrom: 1,
      },
    ],
  },
  {
    title: "Flow",
    panels: [
      {
        title: "In and out, bytes",
        description: "What producers send, and what the consumer has confirmed",
        unit: "Bps",
        queries: [
          rate("spillway_received_bytes_total", "{{route}} in"),
          rate("spillway_delivered_bytes_total", "{{route}} out"),
        ],
      },
      {
        title: "In and out, frames",
        description: "The same in frames",
        unit: "cps",
        queries: [
          rate("spillway_received_frames_total", "{{route}} in"),
          rate("spillway_delivered_frames_total", "{{route}} out"),
        ],
      },
      {
        title: "To the journal",
        description:
          "Bytes that went through the journal, because the consumer could not take them or is to be survived",
        unit: "Bps",
        queries: [rate("spillway_spilled_bytes_total")],
      },
    ],
  },
  {
    title: "Backlog",
    panels: [
      {
        title: "Pending",
        description: "Received and not delivered",
        unit: "bytes",
        queries: [by("spillway_pending_bytes")],
      },
      {
        title: "Age of the oldest pending frame",
        description: "It grows by a second a second while the consumer takes nothing",
        unit: "s",
        queries: [{ expr: `max by (route) (spillway_oldest_pending_seconds${SELECTED})`, legend: "{{route}}" }],
      },
      {
        title: "Journal",
        description:
          "What the journal takes up, and what it may take at most: where they meet, journal.when_full decides",
        unit: "bytes",
        queries: [
          by("spillway_journal_bytes", "{{route}} used"),
          by("spillway_journal_capacity_bytes", "{{route}} at most"),
        ],
      },
      {
        title: "Segments",
        description: "Files of the journal",
        unit: "none",
        queries: [by("spillway_journal_segments")],
      },
      {
        title: "Memory",
        description: "Buffers in use, and what of them a kill would cost (at risk): read, not appended, not confirmed",
        unit: "bytes",
        queries: [by("spillway_memory_bytes", "{{route}} used"), by("spillway_at_risk_bytes", "{{route}} at risk")],
      },
    ],
  },
  {
    title: "Producers",
    panels: [
      {
        title: "Reading stopped",
        description:
          "Share of the time: memory, for want of memory or disk; patience, for a consumer about to make room",
        unit: "percentunit",
        queries: [rate("spillway_source_paused_seconds_total", "{{route}} {{reason}}", "route, reason")],
      },
      {
        title: "Connections",
        description: "Producers that are connected",
        unit: "none",
        queries: [by("spillway_source_connections")],
      },
      {
        title: "Waiting in the kernel",
        description: "Bytes that have arrived from producers and are not read yet",
        unit: "bytes",
        queries: [by("spillway_source_recv_queue_bytes")],
      },
    ],
  },
  {
    title: "Consumer",
    panels: [
      {
        title: "Connected",
        description: "1 while a consumer is",
        unit: "none",
        queries: [{ expr: `max by (route) (spillway_target_up${SELECTED})`, legend: "{{route}}" }],
      },
      {
        title: "Kept from sending by the consumer",
        description: "Share of the time in which its closed window kept us from sending: it reads too slowly",
        unit: "percentunit",
        queries: [rate("spillway_target_window_limited_seconds_total")],
      },
      {
        title: "In flight",
        description: "Sent and not confirmed",
        unit: "bytes",
        queries: [by("spillway_target_inflight_bytes")],
      },
      {
        title: "New connections, and frames sent again",
        description: "Each lost connection sends again what the consumer may not have read",
        unit: "cps",
        queries: [
          rate("spillway_target_connects_total", "{{route}} connections"),
          rate("spillway_resent_frames_total", "{{route}} frames again"),
        ],
      },
    ],
  },
  {
    title: "Losses",
    panels: [
      {
        title: "Dropped frames",
        description: "By reason; the log has their ranges",
        unit: "cps",
        queries: [rate("spillway_dropped_frames_total", "{{route}} {{reason}}", "route, reason")],
      },
      {
        title: "Dropped bytes",
        description: "Those of unfinished frames included",
        unit: "Bps",
        queries: [rate("spillway_dropped_bytes_total", "{{route}} {{reason}}", "route, reason")],
      },
      {
        title: "May be lost, and quarantined",
        description: "Perhaps not read by a consumer that was lost; damaged or refused, and kept in quarantine/",
        unit: "Bps",
        queries: [
          rate("spillway_may_be_lost_bytes_total", "{{route}} may be lost"),
          rate("spillway_quarantined_bytes_total", "{{route}} quarantined"),
        ],
      },
    ],
  },
  {
    title: "Times",
    panels: [
      {
        title: "Delivery",
        description: "From arrival to confirmation",
        unit: "s",
        queries: quantiles("spillway_delivery_seconds"),
      },
      { title: "Sync", description: "One sync of the journal", unit: "s", queries: quantiles("spillway_sync_seconds") },
      {
        title: "Event loop",
        description: "How late the loop is that moves all data: above some ms the processor is not there for it",
        unit: "s",
        queries: [{
          expr: 'max by (instance) (spillway_event_loop_lag_seconds{instance=~"$instance"})',
          legend: "{{instance}}",
        }],
      },
    ],
  },
];
