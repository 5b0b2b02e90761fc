/**
 * Every system call on a file of the journal goes wrong, one at a time: killed
 * before it, torn in it, failing once or for a while, on the binary and both
 * runtimes. `deno task soak:syscalls`, which takes more than two hours; `--runtime R`,
 * `--variety V`, `--kind K`, `--fault F` choose, `--step N` takes every N-th call,
 * on each runtime other ones.
 */
import { parseArgs } from "@std/cli/parse-args";
import { leaveBacklog, runSyscallFault, type SyscallOutcome } from "../cases/syscall_fault.ts";
import { FAULT_NAMES, type FaultName, FAULTS, VARIETIES, type Variety } from "../cases/syscall_plan.ts";
import { CALL_KINDS, type CallKind } from "../rig/inject/calls.ts";
import { RELAY_RUNTIMES, type RelayRuntime } from "../rig/relay_command.ts";
import { onStage, Scene } from "../rig/scene.ts";
import { chosen } from "./chosen.ts";
import { printTable } from "./table.ts";

/** Runs differ in how many calls they make: this number in a row must have fewer than the n-th. */
const MISSES = 3;
/** After syncs that failed, what matters is that the repair may be interrupted. */
const FAULTS_AFTER_FAILED_SYNCS: readonly FaultName[] = ["kill", "tear", "EIO"];

interface Row {
  readonly runtime: string;
  readonly variety: string;
  readonly call: string;
  readonly fault: string;
  runs: number;
  injections: number;
  restarts: number;
  sent: number;
  delivered: number;
  repeats: number;
  lost: number;
  failures: number;
}

const NOTHING = { runs: 0, injections: 0, restarts: 0, sent: 0, delivered: 0, repeats: 0, lost: 0, failures: 0 };

const options = parseArgs(Deno.args, { string: ["runtime", "variety", "kind", "fault", "step"] });
const step = Number(options.step ?? 1);

const rows: Row[] = [];
for (const runtime of chosen(RELAY_RUNTIMES, options.runtime)) {
  for (const name of chosen(VARIETIES.map((each) => each.name), options.variety)) {
    await runVariety(runtime, VARIETIES.find((each) => each.name === name)!);
  }
}
report();
Deno.exit(rows.some(({ lost, failures }) => lost > 0 || failures > 0) ? 1 : 0);

async function runVariety(runtime: RelayRuntime, variety: Variety): Promise<void> {
  const base = new Scene();
  const backlog = await leaveBacklog(base, { runtime, sync: variety.sync });
  const faults = variety.provocation === undefined ? FAULT_NAMES : FAULTS_AFTER_FAILED_SYNCS;
  for (const kind of chosen(CALL_KINDS, options.kind)) {
    for (const fault of chosen(FAULT_NAMES, options.fault).filter((each) => faults.includes(each))) {
      rows.push(await runAll(runtime, variety, kind, fault, backlog));
    }
  }
  await base.close();
}

/** The first call, the second, … until runs have no such call any more. */
async function runAll(
  runtime: RelayRuntime,
  variety: Variety,
  kind: CallKind,
  fault: FaultName,
  backlog: string,
): Promise<Row> {
  const row: Row = { runtime, variety: variety.name, call: kind, fault, ...NOTHING };
  const begin = 1 + RELAY_RUNTIMES.indexOf(runtime) % step;
  for (let nth = begin, misses = 0; misses < MISSES; nth += step) {
    row.runs++;
    try {
      const outcome = await runOne(runtime, variety, kind, fault, nth, backlog);
      add(row, outcome);
      if (outcome.lost > 0) {
        console.log(`LOST ${outcome.lost} frames: ${runtime}, ${variety.name}, ${kind} ${nth}, ${fault}`);
      }
      misses = outcome.hits.length === 0 ? misses + 1 : 0;
    } catch (error) {
      row.failures++;
      row.injections++;
      console.log(`FAILED: ${runtime}, ${variety.name}, ${kind} ${nth}, ${fault}: ${error}`);
    }
  }
  console.log(`${runtime}, ${variety.name}, ${kind}, ${fault}: ${row.injections} injections, ${row.lost} lost`);
  return row;
}

async function runOne(
  runtime: RelayRuntime,
  { sync, consumerLate, provocation }: Variety,
  kind: CallKind,
  fault: FaultName,
  nth: number,
  backlog: string,
): Promise<SyscallOutcome> {
  const setting = { runtime, sync, consumerLate };
  const injection = { kind, nth, fault: FAULTS[fault], provocation };
  return await onStage((scene) => runSyscallFault(scene, setting, injection, backlog));
}

function add(row: Row, outcome: SyscallOutcome): void {
  row.injections += outcome.hits.length > 0 ? 1 : 0;
  row.restarts += outcome.restarts;
  row.sent += outcome.sent;
  row.delivered += outcome.delivered;
  row.repeats += outcome.repeats;
  row.lost += outcome.lost;
}

/** A line for each call and fault of each run, and one for each runtime. */
function report(): void {
  printTable(rows.filter(({ injections }) => injections > 0));
  const sum = (some: readonly Row[], key: keyof typeof NOTHING) => some.reduce((total, row) => total + row[key], 0);
  for (const runtime of chosen(RELAY_RUNTIMES, options.runtime)) {
    const own = rows.filter((row) => row.runtime === runtime);
    const of = (key: keyof typeof NOTHING) => sum(own, key).toLocaleString("en");
    console.log(
      `syscalls on ${runtime}: ${of("runs")} runs, ${of("injections")} faults injected, ${of("restarts")} restarts, ` +
        `${of("sent")} frames sent, ${of("delivered")} delivered, ${of("lost")} lost, ${of("failures")} failures`,
    );
  }
}
