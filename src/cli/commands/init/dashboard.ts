/** What `spillway init grafana` prints: a dashboard as Grafana imports it (its JSON model, schema 39 of Grafana 10.4 and later). */
import { type Panel, ROWS } from "./dashboard_panels.ts";

/** Grafana's grid is this wide. */
const COLUMNS = 24;
const FIGURE = { w: 4, h: 4 };
const CHART = { w: 8, h: 8 };

const DATASOURCE = { type: "prometheus", uid: "${datasource}" };

/** A selection at the top of the dashboard, of what was scraped in the time shown. */
const variable = (name: string, label: string, query: string) => ({
  name,
  label,
  type: "query",
  datasource: DATASOURCE,
  query: { query, refId: name },
  definition: query,
  refresh: 2,
  sort: 1,
  multi: true,
  includeAll: true,
  current: { selected: true, text: ["All"], value: ["$__all"] },
});

export const DASHBOARD = `${JSON.stringify(dashboard(), null, 2)}\n`;

function dashboard() {
  return {
    title: "Spillway",
    uid: "spillway",
    description: "Routes of Spillway relays: who is held up, who is behind, what was lost",
    tags: ["spillway"],
    schemaVersion: 39,
    editable: true,
    graphTooltip: 1,
    refresh: "10s",
    time: { from: "now-1h", to: "now" },
    templating: {
      list: [
        { name: "datasource", label: "Data source", type: "datasource", query: "prometheus", current: {} },
        variable("instance", "Relay", "label_values(spillway_build_info, instance)"),
        variable("route", "Route", 'label_values(spillway_pending_frames{instance=~"$instance"}, route)'),
      ],
    },
    panels: placed(),
  };
}

/** Rows with their panels side by side below them, from left to right. */
function placed(): unknown[] {
  const panels: unknown[] = [];
  let y = 0;
  for (const { title, panels: own } of ROWS) {
    panels.push({
      id: panels.length + 1,
      type: "row",
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
    });
    y++;
    const size = own.every(isFigure) ? FIGURE : CHART;
    const perLine = COLUMNS / size.w;
    for (const [i, panel] of own.entries()) {
      const gridPos = { ...size, x: (i % perLine) * size.w, y: y + Math.floor(i / perLine) * size.h };
      panels.push({ id: panels.length + 1, gridPos, ...content(panel, size === FIGURE) });
    }
    y += Math.ceil(own.length / perLine) * size.h;
  }
  return panels;
}

/** One figure, no curve by route. */
function isFigure({ queries }: Panel): boolean {
  return queries.every(({ legend }) => legend === "");
}

function content({ title, description, unit, queries, redFrom }: Panel, isFigure: boolean) {
  const red = redFrom === undefined ? [] : [{ color: "red", value: redFrom }];
  return {
    type: isFigure ? "stat" : "timeseries",
    title,
    description,
    datasource: DATASOURCE,
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...isFigure ? { thresholds: { mode: "absolute", steps: [{ color: "green", value: null }, ...red] } } : {
          custom: { lineWidth: 1, fillOpacity: 10, showPoints: "never" },
        },
      },
      overrides: [],
    },
    options: isFigure
      ? {
        colorMode: red.length > 0 ? "background" : "value",
        graphMode: "area",
        reduceOptions: { calcs: ["lastNotNull"] },
      }
      : { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
    targets: queries.map(({ expr, legend }, i) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + i),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
    })),
  };
}
