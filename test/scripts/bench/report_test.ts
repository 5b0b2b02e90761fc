/** What the benchmark makes of its runs: medians, ratios, the table, and what changed since an earlier report. */
import { percentiles } from "../../../scripts/bench/latency/percentiles.ts";
import { compareReports, comparisonText } from "../../../scripts/bench/report/compare.ts";
import { median, summarise } from "../../../scripts/bench/report/figures.ts";
import { differenceOf, merged, ratioOf, type Report, toJson } from "../../../scripts/bench/report/result.ts";
import { cellsOf, markdownReport, rounded, textReport } from "../../../scripts/bench/report/table.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { besideSocat, rates, reportOf } from "./results.ts";

Deno.test("the median is the value in the middle, or the mean of the two in the middle", () => {
  assertEquals(median([7]), 7);
  assertEquals(median([9, 1, 5]), 5);
  assertEquals(median([10, 2, 4, 1]), 3);
});

Deno.test("a summary leaves out runs that do not have the figure", () => {
  assertEquals(summarise([{ rate: 3 }, { stall: 1 }, { rate: 5 }], "rate"), { median: 4, least: 3, most: 5 });
  assertEquals(summarise([{ rate: 3 }], "stall"), undefined);
});

Deno.test("a percentile is the smallest latency that so many frames do not exceed", () => {
  const latencies = new Float64Array(1_000).map((_, i) => (1_000 - i) * 1_000);
  assertEquals(percentiles(latencies), { p50: 500, p99: 990, p999: 999, max: 1_000 });
  assertEquals(percentiles(new Float64Array([5_000])), { p50: 5, p99: 5, p999: 5, max: 5 });
});

Deno.test("the ratio is that of the medians, and there is none without the row beside it", () => {
  const result = besideSocat(rates(100, 900, 110), rates(200, 220, 10));
  assertEquals(ratioOf(result, result.rows[0], "rate"), 110 / 200);
  assertEquals(differenceOf(result, result.rows[0], "rate"), -90);
  assertEquals(ratioOf(result, result.rows[1], "rate"), undefined);
  const alone = { ...result, rows: result.rows.slice(0, 1) };
  assertEquals(ratioOf(alone, alone.rows[0], "rate"), undefined);
});

Deno.test("the table has a row for each contender and each figure that the case is about", () => {
  const latency = besideSocat([{ p50: 30, p99: 900, peak: 80 }], [{ p50: 10, p99: 100 }], { main: ["p50", "p99"] });
  const [, ...rows] = cellsOf([besideSocat([{ rate: 712, stall: 4.25, spilled: 3 }], rates(1_000)), latency]);
  assertEquals(rows.length, 6);
  assertEquals(rows[0].slice(1, 5), ["spillway (binary)", "712 MB/s", "712 to 712", "0.71 of socat"]);
  assertEquals(rows[0].slice(7), ["4.25", "3.00 % spilled"]);
  assertEquals(rows[1].slice(1, 5), ["socat", "1,000 MB/s", "1,000 to 1,000", ""]);
  assertEquals([rows[2][4], rows[2][6], rows[3][4]], ["+20.0 to socat", "80.0", "+800 to socat"]);
});

Deno.test("numbers have three digits", () => {
  assertEquals([0.7123, 9.994, 9.996, 99.94, 99.96, 1_234.5].map(rounded), [
    "0.71",
    "9.99",
    "10.0",
    "99.9",
    "100",
    "1,235",
  ]);
});

Deno.test("both reports say what was left out, and why", () => {
  const leftOut = [{ name: "haproxy", reason: "haproxy is not in PATH", failed: false }];
  const report = reportOf(besideSocat(rates(1), rates(2), { leftOut }));
  for (const text of [textReport(report), markdownReport(report)]) {
    assert(text.includes("left out of pass, lines-512: haproxy: haproxy is not in PATH"), text);
    assert(text.includes("a processor") && text.includes("socat: 1.7.4.4"), text);
  }
});

Deno.test("a report that was written and read again is the same, with medians and ratios for other readers", () => {
  const report = reportOf(besideSocat(rates(3, 4, 5), rates(8, 8, 8)));
  const read = JSON.parse(toJson(report));
  assertEquals(read.results[0].rows[0].summaries.rate, { median: 4, least: 3, most: 5, ratio: 0.5 });
  assertEquals(textReport(read as Report), textReport(report));
  assertEquals(merged([report, report]).results.length, 2);
});

Deno.test("a ratio that moved by more than the runs spread is a change, for better or worse", () => {
  const before = reportOf(besideSocat(rates(100, 104, 96), rates(100, 100, 100)));
  const slower = compareReports(before, reportOf(besideSocat(rates(90, 91, 89), rates(100, 100, 100))));
  assertEquals(slower.changes.map(({ isBetter, before, after }) => [isBetter, before, after]), [[false, 1, 0.9]]);
  assert(comparisonText(slower).includes("worse:\n  pass, lines-512  spillway (binary)  MB/s  1.00 → 0.90 of socat"));
  const faster = compareReports(before, reportOf(besideSocat(rates(110, 111, 109), rates(100, 100, 100))));
  assertEquals(faster.changes.map(({ isBetter }) => isBetter), [true]);
  assert(comparisonText(faster).includes("better:"));
});

Deno.test("what moved less than the runs spread is no change, in whichever report they spread", () => {
  const [still, wide] = [rates(100, 100, 100), rates(90, 104, 116)];
  for (const [old, young] of [[still, wide], [wide, still]]) {
    const comparison = compareReports(
      reportOf(besideSocat(old, rates(50, 50, 50))),
      reportOf(besideSocat(young, rates(50, 50, 50))),
    );
    assertEquals(comparison, { changes: [], compared: 1, gone: [], fewestRuns: 3 });
  }
});

Deno.test("a machine that is half as fast changes no ratio", () => {
  const before = reportOf(besideSocat(rates(100, 102, 101), rates(200, 204, 202)));
  const after = reportOf(besideSocat(rates(50, 51, 50.5), rates(100, 102, 101)));
  assertEquals(compareReports(before, after).changes, []);
});

Deno.test("of latency and stalls less is better, and the peer's is subtracted", () => {
  const case_ = (p99: number, peer: number) => besideSocat([{ p99 }], [{ p99: peer }], { main: ["p99"] });
  assertEquals(compareReports(reportOf(case_(900, 100)), reportOf(case_(1_000, 200))).changes, []);
  const [change] = compareReports(reportOf(case_(900, 100)), reportOf(case_(500, 100))).changes;
  assertEquals([change.isBetter, change.before, change.after, change.unit], [true, 800, 400, "to socat"]);
});

Deno.test("memory is compared as it is, and what is no longer measured is named", () => {
  const before = reportOf(
    besideSocat([{ peak: 80 }], [{ peak: 4 }]),
    besideSocat(rates(1), rates(1), { payload: "raw" }),
  );
  const comparison = compareReports(before, reportOf(besideSocat([{ peak: 120 }], [{ peak: 8 }])));
  assertEquals(comparison.changes.map(({ figure, after, isBetter }) => [figure, after, isBetter]), [[
    "peak",
    120,
    false,
  ]]);
  assertEquals(comparison.gone, ["pass, raw: spillway (binary)"]);
  assert(comparisonText(comparison).includes("some have fewer than 3 runs: their spread says little"));
});
