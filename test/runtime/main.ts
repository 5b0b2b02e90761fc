/** Runs the contract as a plain program, for runtimes that have no Deno.test: one JSON line per case, exit 1 on failure. */
import { cases } from "./cases.ts";
import { runCase } from "./contract.ts";

/** A line of this program's output. */
export interface Outcome {
  readonly name: string;
  readonly skipped?: string;
  /** The error's stack, if the case failed. */
  readonly failure?: string;
}

let failed = 0;

function report(outcome: Outcome): void {
  console.log(JSON.stringify(outcome));
}

async function outcomeOf(subject: typeof cases[number]): Promise<Outcome> {
  if (subject.skip !== undefined) return { name: subject.name, skipped: subject.skip };
  try {
    await runCase(subject);
    return { name: subject.name };
  } catch (e) {
    failed++;
    return { name: subject.name, failure: e instanceof Error ? e.stack ?? e.message : String(e) };
  }
}

for (const subject of cases) report(await outcomeOf(subject));
process.exit(failed === 0 ? 0 : 1);
