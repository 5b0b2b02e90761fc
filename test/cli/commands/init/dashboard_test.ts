/** The dashboard of `init grafana`: what Grafana needs of it, and that Prometheus takes its queries. */
import { DASHBOARD } from "../../../../src/cli/commands/init/dashboard.ts";
import { ALERT_RULES } from "../../../../src/cli/commands/init/alert_rules.ts";
import { FAMILIES, HISTOGRAMS, metricsText } from "../../../../src/admin/http/metrics.ts";
import { missing } from "../../../e2e/rig/needs.ts";
import { assert, assertEquals } from "../../../support/assert.ts";

interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: Place;
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[];
}

const dashboard: {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
} = JSON.parse(DASHBOARD);

const panels = dashboard.panels.filter(({ type }) => type !== "row");

Deno.test("panels have a place of their own in the grid, a title, a meaning, and the chosen data source", () => {
  assertEquals(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
  const overlap = (a: Place, b: Place) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
  for (const [i, { title, gridPos }] of dashboard.panels.entries()) {
    assert(gridPos.x + gridPos.w <= 24, `${title} is within the grid`);
    const other = dashboard.panels.slice(i + 1).find((each) => overlap(each.gridPos, gridPos));
    assertEquals(other?.title, undefined, `${title} overlaps another panel`);
  }
  for (const { title, description, datasource, targets } of panels) {
    assert(title !== "" && description !== undefined && targets!.length > 0, title);
    for (const each of [datasource, ...targets!.map((target) => target.datasource)]) {
      assertEquals(each!.uid, "${datasource}", title);
    }
  }
});

Deno.test("every query but those about the process is limited to the routes and relays that are selected", () => {
  const names = dashboard.templating.list.map(({ name }) => name);
  assertEquals(names, ["datasource", "instance", "route"]);
  for (const { expr } of panels.flatMap(({ targets }) => targets!)) {
    for (const [, metric, selector] of expr.matchAll(/\b(spillway_\w+)({[^}]*})?/g)) {
      assert(selector?.includes('instance=~"$instance"'), expr);
      if (metric !== "spillway_event_loop_lag_seconds") assert(selector.includes('route=~"$route"'), expr);
    }
  }
});

Deno.test("every metric in the dashboard and in the alert rules is one that the daemon has", () => {
  const ofProcess = metricsText([], { loopLagSeconds: 0, version: "", commit: "", runtime: "" });
  const known = new Set([
    ...FAMILIES.map(({ name }) => `spillway_${name}`),
    ...HISTOGRAMS.map(({ name }) => `spillway_${name}_bucket`),
    ...[...ofProcess.matchAll(/^(spillway_\w+)/gm)].map(([, name]) => name),
  ]);
  const queries = [
    ...panels.flatMap(({ targets }) => targets!.map(({ expr }) => expr)),
    ...dashboard.templating.list.map(({ definition = "" }) => definition),
    ...ALERT_RULES.map(({ expr }) => expr),
  ];
  const used = new Set(queries.flatMap((query) => query.match(/\bspillway_\w+/g) ?? []));
  assert(used.size > 20, `${used.size} metrics are used`);
  assertEquals([...used].filter((name) => !known.has(name)), []);
});

const lack = missing("promtool");

Deno.test({
  name: `Prometheus takes every query of the dashboard${lack === undefined ? "" : ` (skipped: ${lack})`}`,
  ignore: lack !== undefined,
  async fn() {
    const queries = panels.flatMap(({ targets }) => targets!.map(({ expr }) => expr));
    const rules = queries.map((expr, i) => ({
      record: `query${i}`,
      expr: expr.replaceAll("$__rate_interval", "1m").replaceAll("$__range", "1h"),
    }));
    const file = await Deno.makeTempFile({ suffix: ".yml" });
    try {
      await Deno.writeTextFile(file, JSON.stringify({ groups: [{ name: "queries", rules }] }));
      const { code, stderr } = await new Deno.Command("promtool", { args: ["check", "rules", file] }).output();
      assertEquals(code, 0, new TextDecoder().decode(stderr));
    } finally {
      await Deno.remove(file);
    }
  },
});
