/** The alert rules of `init alerts`, judged and played by promtool: each fires when it should, says what it should, and else is quiet. */
import { ALERT_RULES } from "../../../../src/cli/commands/init/alert_rules.ts";
import { ALERTS_FILE } from "../../../../src/cli/commands/init/alerts_file.ts";
import { missing } from "../../../e2e/rig/needs.ts";
import { assert, assertEquals } from "../../../support/assert.ts";

const lack = missing("promtool");

function withPromtool(name: string, act: () => Promise<void>): void {
  Deno.test({ name: lack === undefined ? name : `${name} (skipped: ${lack})`, ignore: lack !== undefined, fn: act });
}

const HERE = { job: "relays", instance: "host:9464" };
const ROUTE = { ...HERE, route: "feed" };

type Labels = Readonly<Record<string, string>>;

/** A sample a minute, in promtool's notation: `0x5 1x5`, `0+60x20`. */
type Series = readonly [metric: string, labels: Labels, values: string];

interface Case {
  readonly alert: string;
  readonly series: readonly Series[];
  /** Minutes after the first sample. */
  readonly at: number;
  /** Of the alert that fires, besides its severity; undefined: none does. */
  readonly fires?: Labels;
  /** What templates of the value become. */
  readonly value?: string;
}

const paused = (reason: string, values: string): Series => [
  "spillway_source_paused_seconds_total",
  { ...ROUTE, reason },
  values,
];
const dropped = (
  reason: string,
  values: string,
): Series => ["spillway_dropped_frames_total", { ...ROUTE, reason }, values];
const consumer = (up: number, pending: number): Series[] => [
  ["spillway_target_up", ROUTE, `${up}x30`],
  ["spillway_pending_frames", ROUTE, `${pending}x30`],
];
const behind = (seconds: number, up: number): Series[] => [
  ["spillway_oldest_pending_seconds", ROUTE, `${seconds}x30`],
  ["spillway_target_up", ROUTE, `${up}x30`],
];
const journal = (perMinute: number): Series[] => [
  ["spillway_journal_bytes", ROUTE, `0+${perMinute}x60`],
  ["spillway_journal_capacity_bytes", ROUTE, "10000000000x60"],
];
const relay = (up: string, info: string): Series[] => [
  ["up", HERE, up],
  ["spillway_build_info", { ...HERE, version: "1" }, info],
];

const CASES: readonly Case[] = [
  { alert: "SpillwayDown", series: relay("1x5 0x10", "1x5 _x10"), at: 9, fires: HERE },
  { alert: "SpillwayDown", series: relay("1x15", "1x15"), at: 9 },
  { alert: "SpillwayDown", series: [["up", { job: "node", instance: "host:9100" }, "0x15"]], at: 9 },

  { alert: "SpillwayProducerHeldUp", series: [paused("memory", "0+6x20")], at: 9, fires: ROUTE, value: "10%" },
  { alert: "SpillwayProducerHeldUp", series: [paused("memory", "0+1x20"), paused("patience", "0+30x20")], at: 9 },

  { alert: "SpillwayConsumerAway", series: consumer(0, 3), at: 9, fires: ROUTE },
  { alert: "SpillwayConsumerAway", series: consumer(0, 3), at: 4 },
  { alert: "SpillwayConsumerAway", series: consumer(0, 0), at: 9 },
  { alert: "SpillwayConsumerAway", series: consumer(1, 3), at: 9 },

  { alert: "SpillwayBehind", series: behind(900, 1), at: 9, fires: ROUTE, value: "15m 0s" },
  { alert: "SpillwayBehind", series: behind(500, 1), at: 9 },
  { alert: "SpillwayBehind", series: behind(900, 0), at: 9 },

  { alert: "SpillwayJournalFullSoon", series: journal(1e8), at: 50, fires: ROUTE },
  { alert: "SpillwayJournalFullSoon", series: journal(1e6), at: 50 },

  { alert: "SpillwayDropped", series: [dropped("full", "0x10 5x10")], at: 14, fires: { ...ROUTE, reason: "full" } },
  { alert: "SpillwayDropped", series: [dropped("full", "_x10 5x10")], at: 14, fires: { ...ROUTE, reason: "full" } },
  { alert: "SpillwayDropped", series: [dropped("full", "5x40"), dropped("operator", "0x20 9x20")], at: 30 },
  { alert: "SpillwayDropped", series: [dropped("full", "0x10 5x40")], at: 40 },

  {
    alert: "SpillwayMayBeLost",
    series: [["spillway_may_be_lost_bytes_total", ROUTE, "0x9 7x9"]],
    at: 12,
    fires: ROUTE,
  },
  { alert: "SpillwayMayBeLost", series: [["spillway_may_be_lost_bytes_total", ROUTE, "7x30"]], at: 25 },

  {
    alert: "SpillwayQuarantined",
    series: [["spillway_quarantined_bytes_total", ROUTE, "0x9 7x9"]],
    at: 12,
    fires: ROUTE,
  },
  { alert: "SpillwayQuarantined", series: [["spillway_quarantined_bytes_total", ROUTE, "7x30"]], at: 25 },

  {
    alert: "SpillwayEventLoopLag",
    series: [["spillway_event_loop_lag_seconds", HERE, "0.5x20"]],
    at: 9,
    fires: HERE,
    value: "500ms",
  },
  { alert: "SpillwayEventLoopLag", series: [["spillway_event_loop_lag_seconds", HERE, "0.1x20"]], at: 9 },
];

/** As promtool takes it; JSON is YAML too. */
function testOf({ alert, series, at, fires, value }: Case) {
  const rule = ALERT_RULES.find(({ name }) => name === alert)!;
  const filled = (text: string) =>
    text.replace(/{{ \$labels\.(\w+) }}/g, (_, label) => fires?.[label] ?? "").replace(
      /{{ \$value [^}]*}}/g,
      value ?? "?",
    );
  const expected = {
    exp_labels: { severity: rule.severity, ...fires },
    exp_annotations: { summary: filled(rule.summary), description: filled(rule.description) },
  };
  return {
    interval: "1m",
    input_series: series.map(([metric, labels, values]) => ({
      series: `${metric}{${Object.entries(labels).map(([name, of]) => `${name}="${of}"`).join()}}`,
      values,
    })),
    alert_rule_test: [{ eval_time: `${at}m`, alertname: alert, exp_alerts: fires === undefined ? [] : [expected] }],
  };
}

async function promtool(args: readonly string[], files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await Deno.makeTempDir({ prefix: "spillway-alerts-" });
  try {
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${directory}/${name}`, text);
    const { code, stdout, stderr } = await new Deno.Command("promtool", { args: [...args], cwd: directory }).output();
    const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    return `${code}\n${said}`;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

withPromtool("promtool takes the alert rules", async () => {
  const said = await promtool(["check", "rules", "alerts.yml"], { "alerts.yml": ALERTS_FILE });
  assert(said.startsWith("0\n") && said.includes(`SUCCESS: ${ALERT_RULES.length} rules found`), said);
});

withPromtool("every alert fires when it should, with its text, and is quiet otherwise", async () => {
  for (const { name } of ALERT_RULES) {
    const own = CASES.filter(({ alert }) => alert === name);
    assert(own.some(({ fires }) => fires) && own.some(({ fires }) => !fires), `${name} is played both ways`);
  }
  const tests = { rule_files: ["alerts.yml"], evaluation_interval: "1m", tests: CASES.map(testOf) };
  const said = await promtool(["test", "rules", "test.yml"], {
    "alerts.yml": ALERTS_FILE,
    "test.yml": JSON.stringify(tests),
  });
  assertEquals(said.split("\n")[0], "0", said);
});
