/** The runs of one case: every contender in turn, as often as there are rounds, with memory warmed before each run. */
import type { Case, Contender } from "./measurement.ts";
import type { Options } from "./options.ts";
import { type FigureName, FIGURES, type Run } from "./report/figures.ts";
import type { LeftOut, Row } from "./report/result.ts";
import { rounded } from "./report/table.ts";
import { warmFreeMemory } from "./warm.ts";

interface Outcome {
  readonly rows: readonly Row[];
  readonly leftOut: readonly LeftOut[];
}

/**
 * Each run has an empty directory of its own, which is removed afterwards: dirty
 * pages of one run must not slow the next one down. A contender that fails is left
 * out from then on, and the outcome says so.
 */
export async function runRounds(
  each: Case,
  contenders: readonly Contender[],
  place: string,
  options: Options,
  say: (text: string) => void,
): Promise<Outcome> {
  const leftOut: LeftOut[] = [];
  const runs = new Map<Contender, Run[]>();
  for (const contender of contenders) {
    const { name, missing } = contender;
    if (missing === undefined) runs.set(contender, []);
    else leftOut.push({ name, reason: missing, failed: false });
  }
  for (let round = 0; round < options.runs; round++) {
    for (const contender of inTurn([...runs.keys()], round)) {
      const directory = Deno.makeTempDirSync({ dir: place });
      try {
        warmFreeMemory(each.warmBytes, [options.tmpfs, options.directory]);
        const run = await contender.run(directory);
        runs.get(contender)!.push(run);
        say(`  round ${round + 1}, ${contender.name}: ${told(run, each.main)}`);
      } catch (error) {
        const [message] = `${error instanceof Error ? error.message : error}`.split("\n");
        const reason = `failed in round ${round + 1}: ${message}`;
        runs.delete(contender);
        leftOut.push({ name: contender.name, reason, failed: true });
        say(`  ${contender.name}: ${reason}`);
      } finally {
        Deno.removeSync(directory, { recursive: true });
      }
    }
  }
  const rows = [...runs].map(([{ name, ours, beside }, runs]) => ({ name, ours, beside, runs }));
  return { rows, leftOut };
}

/** Another contender begins each round. */
function inTurn<T>(all: readonly T[], round: number): T[] {
  const first = round % Math.max(all.length, 1);
  return [...all.slice(first), ...all.slice(0, first)];
}

function told(run: Run, main: readonly FigureName[]): string {
  return main.map((name) => `${rounded(run[name] ?? NaN)} ${FIGURES[name].unit}`).join(", ");
}
