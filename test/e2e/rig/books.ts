/**
 * The counts of every relay that a scene starts: at a clean stop
 * what came is delivered, pending or dropped, and what a run leaves pending is
 * what the next one on that journal carries over.
 *
 * The rig looks by itself whenever a relay ends, so no test can forget it.
 */
import { assert, assertEquals } from "../../support/assert.ts";
import { type ConfigTable, isTable } from "./config.ts";
import type { Program } from "./program.ts";

/** What one "route stopped" line says, in frames and in bytes. */
type Line = Readonly<Record<string, unknown>>;

interface Left {
  readonly frames: number;
  readonly bytes: number;
}

const UNITS = ["frames", "bytes"] as const;

export class Books {
  /** What the last run left in each journal; not there if it did not stop cleanly. */
  readonly #left = new Map<string, Left>();

  /** Judges the books of this relay when it has ended. Rejects if they do not hold. */
  async follow(program: Program, routes: readonly ConfigTable[]): Promise<void> {
    const code = await program.exited;
    const closed = new Map(stopLines(program).map((line) => [line.route, line]));
    for (const route of routes) {
      const line = closed.get(route.name);
      assert(line !== undefined || code !== 0, `${program.name} ended with 0 and says nothing of route ${route.name}`);
      // A relay that could not start has touched nothing.
      if (!program.errors.some((line) => line.includes('"route ready"'))) continue;
      const journal = journalOf(route);
      if (line !== undefined) this.#check(line, journal);
      if (line === undefined || code !== 0) this.#left.delete(journal);
      else this.#left.set(journal, { frames: Number(line.pending_frames), bytes: Number(line.pending_bytes) });
    }
  }

  #check(line: Line, journal: string): void {
    const of = (account: string, unit: string) => Number(line[`${account}_${unit}`]);
    const left = this.#left.get(journal);
    for (const unit of UNITS) {
      const carried = of("carried", unit);
      const told = JSON.stringify(line);
      if (left !== undefined) {
        assertEquals(carried, left[unit], `${unit} carried over, as the run before left: ${told}`);
      }
      const came = carried + of("received", unit);
      const went = of("delivered", unit) + of("pending", unit) + of("dropped", unit);
      assert(came === went, `${came} ${unit} came, ${went} are accounted for: ${told}`);
      for (const account of ["carried", "received", "delivered", "pending", "dropped"]) {
        assert(of(account, unit) >= 0, `${account}_${unit} below zero: ${told}`);
      }
    }
  }
}

/** All that a relay said at its stop. */
export function stopLines(program: Program): Line[] {
  return program.errors.filter((line) => line.includes('"route stopped"')).map((line) => JSON.parse(line));
}

/** The journal's directory as the configuration names it, or by default. */
function journalOf({ name, journal }: ConfigTable): string {
  const named = isTable(journal) ? journal.dir : undefined;
  return typeof named === "string" ? named : `spillway-data/${name}`;
}
