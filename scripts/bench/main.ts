/**
 * Measures the relay beside socat doing the same copy, in alternating runs.
 *
 *     deno task bench [--runtime binary|deno|bun] [--size 1GB] [--backlog 2GB] [--runs 5]
 *                     [--only pass,spill,drain] [--buffer 8KiB] [--dir DIR] [--soak 5GB] [--json]
 *
 *     deno task bench --daemons [--runtime …] [--dir DIR] [--json]
 *     deno task bench --tools [--backlog 10GB] [--runs 5] [--buffer 8KiB] [--dir DIR] [--json]
 *
 * `--daemons` compares with rsyslog and syslog-ng instead, see daemons.ts;
 * `--tools` measures the commands on a large journal, see journal_tools.ts.
 * `--buffer` is socat's; 8 KiB is its own default, 128 KiB what it is fastest with.
 * Absolute figures of one machine vary by ±40 %; the ratio of medians of one
 * run is what counts.
 */
import { parseArgs } from "node:util";
import { parseSize } from "../../src/base/quantity.ts";
import type { RelayRuntime } from "../../test/e2e/rig/relay_command.ts";
import { type Contender, hasSocat } from "./contender.ts";
import { compareDaemons, daemonsTable } from "./daemons.ts";
import { type Run, summarise } from "./figures.ts";
import { measureTools, toolsTable } from "./journal_tools.ts";
import { drain, passThrough, type Setting, soak, spill } from "./measure.ts";
import { prepareFile, prepareJournal } from "./prepared_journal.ts";
import { type Comparison, table } from "./table.ts";

const { values: flags } = parseArgs({
  args: Deno.args,
  options: {
    runtime: { type: "string", default: "binary" },
    size: { type: "string", default: "1GB" },
    backlog: { type: "string", default: "2GB" },
    runs: { type: "string", default: "5" },
    only: { type: "string", default: "pass,spill,drain" },
    buffer: { type: "string", default: "8KiB" },
    dir: { type: "string" },
    soak: { type: "string" },
    daemons: { type: "boolean", default: false },
    tools: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});

const runtime = flags.runtime as RelayRuntime;
const workplace = Deno.makeTempDirSync({ dir: flags.dir, prefix: "spillway-bench-" });
const say = (text: string) => console.error(text);

/** One run in a directory of its own, which is removed afterwards: dirty pages must not slow the next run down. */
async function inDirectory(bytes: number, act: (setting: Setting) => Promise<Run>): Promise<Run> {
  const directory = Deno.makeTempDirSync({ dir: workplace });
  try {
    return await act({ runtime, directory, bytes, socatBufferBytes: parseSize(flags.buffer) });
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** Spillway and socat in turn, the first place changing from round to round. */
async function compare(
  copy: string,
  bytes: number,
  act: (contender: Contender, setting: Setting) => Promise<Run>,
): Promise<Comparison> {
  const runs: Record<Contender, Run[]> = { spillway: [], socat: [] };
  // Round 0 is not counted: it brings the machine's free memory, which the page cache is made of, into use.
  for (let round = 0; round <= Number(flags.runs); round++) {
    const order: Contender[] = round % 2 === 0 ? ["spillway", "socat"] : ["socat", "spillway"];
    for (const contender of order) {
      const run = await inDirectory(bytes, (setting) => act(contender, setting));
      if (round > 0) runs[contender].push(run);
      say(`${copy}, round ${round}, ${contender}: ${Math.round(run.bytes / run.seconds / 1e6)} MB/s`);
    }
  }
  const [spillway, socat] = [summarise(runs.spillway), summarise(runs.socat)];
  return { copy, spillway, socat, ratio: spillway.megabytesPerSecond / socat.megabytesPerSecond };
}

async function compareDrain(): Promise<Comparison> {
  const bytes = parseSize(flags.backlog);
  const directory = Deno.makeTempDirSync({ dir: workplace });
  const journal = await prepareJournal(runtime, directory, bytes);
  const file = prepareFile(directory, bytes);
  const result = await compare(
    "drain",
    bytes,
    (contender, setting) => drain(contender, setting, contender === "spillway" ? journal : file),
  );
  Deno.removeSync(directory, { recursive: true });
  return result;
}

async function main(): Promise<void> {
  if (flags.soak !== undefined) {
    const run = await inDirectory(parseSize(flags.soak), soak);
    const result = {
      bytes: run.bytes,
      megabytesPerSecond: run.bytes / run.seconds / 1e6,
      cpuSeconds: run.cpuSeconds,
      peakMebibytes: run.peakBytes / 2 ** 20,
    };
    console.log(JSON.stringify({ runtime, soak: result }));
    return;
  }
  if (flags.daemons) return await runDaemons();
  if (flags.tools) return await runTools();
  if (!hasSocat()) throw new Error("socat is not here: apt-get install socat");
  const wanted = flags.only.split(",");
  const size = parseSize(flags.size);
  const comparisons: Comparison[] = [];
  if (wanted.includes("pass")) comparisons.push(await compare("pass-through", size, passThrough));
  if (wanted.includes("spill")) comparisons.push(await compare("spill", size, spill));
  if (wanted.includes("drain")) comparisons.push(await compareDrain());
  report({ comparisons }, table(comparisons));
}

async function runDaemons(): Promise<void> {
  const comparison = await compareDaemons(runtime, workplace, say);
  report({ ...comparison }, daemonsTable(comparison));
}

async function runTools(): Promise<void> {
  const figures = await measureTools({
    runtime,
    workplace,
    backlogBytes: parseSize(flags.backlog),
    runs: Number(flags.runs),
    socatBufferBytes: parseSize(flags.buffer),
    say,
  });
  report({ tools: figures }, toolsTable(figures));
}

function report(results: Record<string, unknown>, text: string): void {
  const machine = { cpus: navigator.hardwareConcurrency, kernel: Deno.osRelease() };
  if (flags.json) console.log(JSON.stringify({ runtime, machine, ...results }));
  else console.log(`runtime ${runtime}, ${machine.cpus} CPUs, Linux ${machine.kernel}\n${text}`);
}

try {
  await main();
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : error}`);
  Deno.exitCode = 1;
} finally {
  Deno.removeSync(workplace, { recursive: true });
}
