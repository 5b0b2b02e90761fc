/** Which pictures a report has: one of each measurement, one of CPU time, and one of Spillway beside its peers. */
import { type Bar, type Chart, drawBars, type Group } from "./bars.ts";
import { type FigureName, FIGURES, summarise } from "./figures.ts";
import { besides, ratioOf, type Report, type Result, type Row } from "./result.ts";
import { rounded, titleOf } from "./table.ts";

/** SVG texts by the names of their files. */
export function chartsOf({ results }: Report): Map<string, string> {
  const charts = new Map<string, Chart>();
  for (const name of new Set(results.map(({ measurement }) => measurement))) {
    const own = results.filter(({ measurement }) => measurement === name);
    charts.set(name, chart(own[0].title, own, (result) => result.main, () => true));
  }
  charts.set("cpu", chart("CPU seconds per GB, beside the peer's", results, () => ["cpu"], hasPeer));
  const speeds = (result: Result) => result.main.filter((name) => FIGURES[name].better === "more");
  const isOurs = (result: Result, row: Row) => row.ours && hasPeer(result, row);
  charts.set("summary", chart("Spillway's speed, beside the peer's", results, speeds, isOurs));
  const drawn = [...charts].filter(([, { groups }]) => groups.length > 0);
  return new Map(drawn.map(([name, chart]) => [`${name}.svg`, drawBars(chart)]));
}

/** Is the row that it is set beside another program's? */
function hasPeer(result: Result, row: Row): boolean {
  return besides(result, row)?.ours === false;
}

function chart(
  title: string,
  results: readonly Result[],
  figures: (result: Result) => readonly FigureName[],
  isShown: (result: Result, row: Row) => boolean,
): Chart {
  const groups = results.flatMap((result) => {
    const names = figures(result);
    return names.map((name) => group(result, name, names.length > 1, isShown)).filter(({ bars }) => bars.length > 0);
  });
  const directions = [...new Set(groups.map(({ better }) => better))];
  return { title, groups, better: directions.length === 1 ? directions[0] : "mixed" };
}

function group(
  result: Result,
  name: FigureName,
  isOneOfMany: boolean,
  isShown: (result: Result, row: Row) => boolean,
): Group {
  const { unit, better } = FIGURES[name];
  const shown = result.rows.filter((row) => isShown(result, row));
  const bars = shown.flatMap((row): Bar[] => {
    const [ratio, own] = [ratioOf(result, row, name), summarise(row.runs, name)];
    if (ratio === undefined || own === undefined) return [];
    return [{ label: row.name, ratio, text: `${rounded(own.median)} ${shortUnit(unit)}`, ours: row.ours }];
  });
  const peers = [...new Set(shown.map((row) => besides(result, row)).filter((row) => row !== undefined))];
  const ones = peers.map((peer) =>
    `${peer.name}: ${rounded(summarise(peer.runs, name)?.median ?? 0)} ${shortUnit(unit)}`
  );
  // There is no room for several.
  const note = ones.length === 1 ? ones[0] : "what each is set beside";
  return { title: titleOf(result) + (isOneOfMany ? `: ${unit}` : ""), note: `1.0 = ${note}`, better, bars };
}

/** Without what the group's title says: "µs, 99 %" is "µs". */
function shortUnit(unit: string): string {
  return unit.split(/,| (?:in|out|to)\b/)[0];
}
