/**
 * The alert rules that `spillway init alerts` prints, for Prometheus. Each names
 * what an operator must do something about; what passes by itself has none.
 */

export interface AlertRule {
  readonly name: string;
  readonly severity: "critical" | "warning";
  /** PromQL. */
  readonly expr: string;
  /** How long it must hold before somebody is called. */
  readonly for: string;
  /** What is the case, and what to do; templates of Prometheus. */
  readonly summary: string;
  readonly description: string;
}

/** For descriptions: which route of which relay. */
const ROUTE = "route {{ $labels.route }} of {{ $labels.instance }}";

/** A counter that has grown in the last ten minutes, or that came into being above zero: one that counts by reason. */
function grown(counter: string): string {
  return `increase(${counter}[10m]) > 0 or (${counter} unless ${counter} offset 10m) > 0`;
}

export const ALERT_RULES: readonly AlertRule[] = [
  {
    name: "SpillwayDown",
    severity: "critical",
    // A target that had a relay within the last day, whatever the job is called.
    expr: "up == 0 and on (job, instance) last_over_time(spillway_build_info[1d])",
    for: "1m",
    summary: "The relay {{ $labels.instance }} does not answer",
    description: "Producers may be refused. Look: systemctl status spillway; spillway status; journalctl -u spillway",
  },
  {
    name: "SpillwayProducerHeldUp",
    severity: "critical",
    expr: 'sum by (job, instance, route) (rate(spillway_source_paused_seconds_total{reason="memory"}[2m])) > 0.05',
    for: "1m",
    summary: `Producers are held up: ${ROUTE}`,
    description:
      "{{ $value | humanizePercentage }} of the time nothing is read, for memory is full and the disk takes no more. " +
      "spillway status says why. A full journal: make room, bring the consumer back, or give frames up with spillway skip. " +
      "A slow disk: spillway check --probe, then a larger memory.max_bytes or another disk",
  },
  {
    name: "SpillwayConsumerAway",
    severity: "warning",
    expr: "spillway_target_up == 0 and spillway_pending_frames > 0",
    for: "5m",
    summary: `The consumer is away and frames wait for it: ${ROUTE}`,
    description: "Nothing is lost, the journal keeps them. Bring the consumer back; spillway status has the last error",
  },
  {
    name: "SpillwayBehind",
    severity: "warning",
    expr: "spillway_oldest_pending_seconds > 600 and spillway_target_up == 1",
    for: "5m",
    summary: `The consumer is connected and {{ $value | humanizeDuration }} behind: ${ROUTE}`,
    description: "It takes less than producers send. spillway status says when it will have caught up at this rate, " +
      "the dashboard for how long its window was closed",
  },
  {
    name: "SpillwayJournalFullSoon",
    severity: "critical",
    expr: "predict_linear(spillway_journal_bytes[30m], 4 * 3600) > spillway_journal_capacity_bytes",
    for: "10m",
    summary: `The journal is full within four hours at this rate: ${ROUTE}`,
    description: "Then journal.when_full decides: producers wait, or frames are dropped. Bring the consumer back, " +
      "or make room: spillway compact --max-bytes, a larger journal.max_bytes, a larger disk",
  },
  {
    name: "SpillwayDropped",
    severity: "critical",
    expr: grown('spillway_dropped_frames_total{reason!="operator"}'),
    for: "0m",
    summary: `Frames were dropped ({{ $labels.reason }}): ${ROUTE}`,
    description: "They will not be delivered. The log has their range, spillway status the count by reason",
  },
  {
    name: "SpillwayMayBeLost",
    severity: "critical",
    expr: grown("spillway_may_be_lost_bytes_total"),
    for: "0m",
    summary: `Bytes may be lost: ${ROUTE}`,
    description:
      "A consumer was lost with bytes that it had acknowledged and perhaps not read, more than target.rewind " +
      'sends again. Compare with what the consumer has; target.rewind = "auto" or confirm = "reply" avoid it',
  },
  {
    name: "SpillwayQuarantined",
    severity: "critical",
    expr: grown("spillway_quarantined_bytes_total"),
    for: "0m",
    summary: `Bytes went to quarantine: ${ROUTE}`,
    description: "Records of the journal are damaged, or the consumer refused a frame again and again. Look at " +
      "quarantine/ in the journal's directory, at the log, and at the disk: dmesg, smartctl -a",
  },
  {
    name: "SpillwayEventLoopLag",
    severity: "warning",
    expr: "spillway_event_loop_lag_seconds > 0.25",
    for: "5m",
    summary: "The relay {{ $labels.instance }} gets too little of its processor",
    description: "Its event loop is {{ $value | humanizeDuration }} late, and so is everything that it relays. " +
      "What else runs there? Is its cgroup throttled (cpu.stat)? Spread the routes over several processes",
  },
];
