/** The text for Prometheus: every family with its help and type, labels escaped, what is unknown left out. */
import { FAMILIES, HISTOGRAMS, metricsText } from "../../../src/admin/http/metrics.ts";
import { UNKNOWN } from "../../../src/admin/status.ts";
import { Histogram } from "../../../src/base/histogram.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const PROCESS = { loopLagSeconds: 0.25, version: "1.2.3", commit: "abc", runtime: "bun 1" };

function textOf(status: Partial<typeof UNKNOWN>): string[] {
  const [delivery, sync] = [new Histogram([0.1, 1]), new Histogram([0.5])];
  delivery.observe(0.1, 3);
  delivery.observe(7);
  return metricsText([{ status: { ...UNKNOWN, ...status }, delivery, sync }], PROCESS).trimEnd().split("\n");
}

Deno.test("each family is there once, with help and type before its samples", () => {
  const lines = textOf({ route: "feed" });
  const names = [...FAMILIES, ...HISTOGRAMS].map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  for (const name of [...names, "event_loop_lag_seconds", "build_info"]) {
    const help = lines.findIndex((line) => line.startsWith(`# HELP spillway_${name} `));
    assert(help !== -1 && lines[help + 1].startsWith(`# TYPE spillway_${name} `), name);
  }
  for (const { name, type } of FAMILIES) assertEquals(type === "counter", name.endsWith("_total"), name);
});

Deno.test("figures have the route's name, escaped, and what nobody knows is left out", () => {
  const lines = textOf({ route: 'a"b\\c\nd', pending_frames: 12, received_frames: null, target_up: true });
  assert(lines.includes('spillway_pending_frames{route="a\\"b\\\\c\\nd"} 12'));
  assert(lines.includes('spillway_target_up{route="a\\"b\\\\c\\nd"} 1'));
  assertEquals(lines.filter((line) => line.startsWith("spillway_received_frames_total")), []);
});

Deno.test("a reason for which nothing was dropped is there with 0", () => {
  const lines = textOf({ route: "feed", dropped: { full: { frames: 3, bytes: 99 } } });
  assert(lines.includes('spillway_dropped_frames_total{route="feed",reason="full"} 3'));
  assert(lines.includes('spillway_dropped_bytes_total{route="feed",reason="full"} 99'));
  assert(lines.includes('spillway_dropped_frames_total{route="feed",reason="damaged"} 0'));
});

Deno.test("buckets of a histogram add up, and the last one has all", () => {
  const lines = textOf({ route: "feed" }).filter((line) => line.startsWith("spillway_delivery_seconds"));
  assertEquals(lines, [
    'spillway_delivery_seconds_bucket{route="feed",le="0.1"} 3',
    'spillway_delivery_seconds_bucket{route="feed",le="1"} 3',
    'spillway_delivery_seconds_bucket{route="feed",le="+Inf"} 4',
    `spillway_delivery_seconds_sum{route="feed"} ${0.1 * 3 + 7}`,
    'spillway_delivery_seconds_count{route="feed"} 4',
  ]);
});

Deno.test("src/admin/README.md has every metric with its type and what it is", () => {
  const page = Deno.readTextFileSync(new URL("../../../src/admin/README.md", import.meta.url));
  const rows = [...page.matchAll(/^\| `spillway_(\w+)` +\| (\w+) +\| (.*?) +\|$/gm)].map(([, ...cells]) => cells);
  const families = [...FAMILIES, ...HISTOGRAMS.map((each) => ({ ...each, type: "histogram" }))];
  assertEquals(rows.slice(0, -2), families.map(({ name, type, help }) => [name, type, help]));
  assertEquals(rows.slice(-2).map(([name]) => name), ["event_loop_lag_seconds", "build_info"]);
});
