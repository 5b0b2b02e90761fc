/**
 * Measures Spillway beside the programs that do the same or less, in alternating
 * runs, and prints one table: `deno task bench --help` has the flags.
 *
 * Absolute figures of one machine vary by ±40 %; the ratio of medians of the same
 * alternating runs is what counts.
 */
import type { Case, Measurement } from "./measurement.ts";
import { MEASUREMENTS } from "./measurements/all.ts";
import { type Options, type Outputs, readFlags, USAGE } from "./options.ts";
import type { Payload } from "./payloads.ts";
import { chartsOf } from "./report/charts.ts";
import { compareReports, comparisonText } from "./report/compare.ts";
import { describeMachine } from "./report/machine.ts";
import { merged, readReport, type Report, type Result, toJson } from "./report/result.ts";
import { markdownReport, textReport, titleOf } from "./report/table.ts";
import { endAll } from "./rig/stage.ts";
import { runRounds } from "./rounds.ts";

const say = (text: string) => console.error(text);

async function main(): Promise<void> {
  const { options, outputs, list, help } = readFlags(Deno.args, MEASUREMENTS.map(({ name }) => name));
  if (help) return console.log(USAGE);
  if (list) return MEASUREMENTS.forEach(({ name, about }) => console.log(`${name.padEnd(12)} ${about}`));
  // Read first: a wrong name is not to be found out after an hour.
  const before = outputs.compare === undefined ? undefined : readReport(outputs.compare);
  const report = outputs.from === undefined
    ? await measure(options, outputs)
    : merged(outputs.from.map((path) => readReport(path)));
  write(report, outputs);
  console.log(textReport(report));
  if (before !== undefined) console.log(`\n${comparisonText(compareReports(before, report))}`);
}

/** All files are in two directories, one of them on tmpfs, that are removed however this ends. */
async function measure(flags: Options, outputs: Outputs): Promise<Report> {
  const [directory, tmpfs] = [flags.directory, flags.tmpfs].map((dir) =>
    Deno.makeTempDirSync({ dir, prefix: "spillway-bench-" })
  );
  const remove = () => [directory, tmpfs].forEach((each) => Deno.removeSync(each, { recursive: true }));
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, async () => {
      await endAll();
      remove();
      Deno.exit(130);
    });
  }
  const options = { ...flags, directory, tmpfs };
  const results: Result[] = [];
  const report = { machine: describeMachine(directory, options.runtimes), flags: Deno.args.join(" "), results };
  try {
    for (const { measurement, payload, each } of casesOf(options)) {
      results.push(await measureCase(measurement, payload, each, options));
      if (outputs.json !== undefined) Deno.writeTextFileSync(outputs.json, toJson(report));
    }
  } finally {
    remove();
  }
  return report;
}

function* casesOf(options: Options): Generator<{ measurement: Measurement; payload: Payload; each: Case }> {
  for (const measurement of MEASUREMENTS.filter(({ name }) => options.only.includes(name))) {
    if (measurement.isLong && !options.isLong) {
      say(`${measurement.name}: with --long only`);
      continue;
    }
    const payloads = options.payloads.filter((payload) => measurement.payloads.includes(payload));
    if (payloads.length === 0) say(`${measurement.name}: takes ${measurement.payloads.join(", ")} only`);
    for (const payload of payloads) {
      for (const each of measurement.cases(payload, options)) yield { measurement, payload, each };
    }
  }
}

async function measureCase(
  measurement: Measurement,
  payload: Payload,
  each: Case,
  options: Options,
): Promise<Result> {
  const place = Deno.makeTempDirSync({ dir: each.place ?? options.directory });
  const { name, title } = measurement;
  const { detail, main } = each;
  const head = { measurement: name, title, payload, detail, main };
  say(titleOf(head));
  try {
    const contenders = await each.contenders(place);
    return { ...head, ...await runRounds(each, contenders, place, options, say) };
  } finally {
    Deno.removeSync(place, { recursive: true });
  }
}

function write(report: Report, { json, markdown, charts }: Outputs): void {
  if (json !== undefined) Deno.writeTextFileSync(json, toJson(report));
  if (markdown !== undefined) Deno.writeTextFileSync(markdown, markdownReport(report));
  if (charts !== undefined) {
    Deno.mkdirSync(charts, { recursive: true });
    for (const [name, svg] of chartsOf(report)) Deno.writeTextFileSync(`${charts}/${name}`, svg);
  }
  if (report.results.some(({ leftOut }) => leftOut.some(({ failed }) => failed))) Deno.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : error}`);
  Deno.exitCode = 1;
}
