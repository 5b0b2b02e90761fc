/**
 * Every system call of a real compaction on a file of its journal goes wrong, one
 * at a time: killed before it, torn in it, failing once or for good; on the binary
 * and both runtimes. `deno task soak:compact`, which takes a quarter of an hour;
 * `--runtime R`, `--kind K`, `--fault F` choose.
 */
import { parseArgs } from "@std/cli/parse-args";
import { journalToCompact, runCompactionFault } from "../cases/compaction_kill.ts";
import { FAULT_NAMES, type FaultName, FAULTS } from "../cases/syscall_plan.ts";
import { CALL_KINDS, type CallKind } from "../rig/inject/calls.ts";
import { RELAY_RUNTIMES, type RelayRuntime } from "../rig/relay_command.ts";
import { Scene } from "../rig/scene.ts";
import { chosen } from "./chosen.ts";
import { printTable } from "./table.ts";

const options = parseArgs(Deno.args, { string: ["runtime", "kind", "fault"] });

const journal = await journalToCompact();
const rows: Awaited<ReturnType<typeof runAll>>[] = [];
for (const runtime of chosen(RELAY_RUNTIMES, options.runtime)) {
  for (const kind of chosen(CALL_KINDS, options.kind)) {
    for (const fault of chosen(FAULT_NAMES, options.fault)) rows.push(await runAll(runtime, kind, fault));
  }
}
printTable(rows.filter(({ injections }) => injections > 0));
const failures = rows.reduce((sum, row) => sum + row.failures, 0);
console.log(`${rows.reduce((sum, row) => sum + row.injections, 0)} faults injected, ${failures} failures`);
Deno.exit(failures > 0 ? 1 : 0);

/** The first call, the second, … until a run has no such call any more. */
async function runAll(runtime: RelayRuntime, kind: CallKind, fault: FaultName) {
  const row = { runtime, call: kind, fault, injections: 0, failures: 0 };
  for (let nth = 1;; nth++) {
    const scene = new Scene();
    try {
      const { hits } = await runCompactionFault(scene, runtime, journal, { kind, nth, fault: FAULTS[fault] });
      if (hits.length === 0) break;
    } catch (error) {
      row.failures++;
      console.log(`FAILED: ${runtime}, ${kind} ${nth}, ${fault}: ${error}\n${scene.tails()}`);
    } finally {
      await scene.close();
    }
    row.injections++;
  }
  console.log(`${runtime}, ${kind}, ${fault}: ${row.injections} injections, ${row.failures} failures`);
  return row;
}
