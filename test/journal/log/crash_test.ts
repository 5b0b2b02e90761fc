/** Power losses and kills at every operation of a journal that is written. */
import { assert, assertEquals } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { seeded } from "../../support/random.ts";
import type { Journal, JournalOptions, SyncPolicy } from "../../../src/journal/journal.ts";
import { examine, SOAK } from "../support/check_recovered.ts";
import { failAt, killAt } from "../support/kill_at.ts";
import { appendLines, expected, line, lines, ManualClock, open, readAll, run } from "../support/rig.ts";

/** What a run of the program was told before it ended. */
interface Told {
  /** Frames below this were appended, as far as `append` said. */
  appended: number;
  confirmed: number;
}

/** A life of a journal: appends over several segments, confirmations, a stop and a second start. */
async function live(files: MemoryFiles, options: Partial<JournalOptions>, told: Told): Promise<void> {
  for (let start = 0; start < 2; start++) {
    const clock = new ManualClock();
    const journal = await open(files, { ...options, clock, segmentBytes: 900 });
    for (let i = 0; i < 10; i++) {
      await appendOrRetry(files, journal, told, clock);
      if (i % 3 === 2) {
        told.confirmed = journal.end - 2;
        journal.confirm(told.confirmed);
        await clock.advance(100);
      }
    }
    await journal.close();
  }
}

async function appendOrRetry(files: MemoryFiles, journal: Journal, told: Told, clock: ManualClock): Promise<void> {
  const until = Math.max(told.appended, journal.end) + 3;
  for (let tries = 0; journal.end < until; tries++) {
    if (tries > 5) throw new Error("the journal takes nothing any more");
    const runs = [];
    for (let first = journal.end; first < until; first++) runs.push(run(first, [line(first)]));
    try {
      await journal.append(runs);
    } catch (error) {
      if (files.crashed) throw error;
      await clock.advance(100);
    }
    told.appended = Math.max(told.appended, journal.end);
  }
}

/** After a restart: all that was appended and not confirmed is delivered, as it was; the journal goes on. */
async function checkSurvivors(files: MemoryFiles, told: Told, what: string): Promise<void> {
  const journal = await open(files);
  assert(journal.cursor <= told.confirmed, `${what}: cursor ${journal.cursor} was never confirmed`);
  assert(journal.end >= told.appended, `${what}: ${told.appended} frames were appended, ${journal.end} are left`);
  const damages: unknown[] = [];
  journal.onDamage = (damage) => damages.push(damage);
  assertEquals(await readAll(journal), expected(journal.cursor, journal.end), what);
  assertEquals(journal.recovery.pendingFrames, journal.end - journal.cursor, what);
  await appendLines(journal, 4);
  assertEquals(await readAll(journal), expected(journal.cursor, journal.end), what);
  assertEquals(damages, [], what);
  await journal.close();
}

/** For each operation at which the power goes. */
const SEEDS = SOAK ? 200 : 2;

for (const sync of ["os", "interval", "each"] as const) {
  Deno.test(`kill -9 at any operation loses nothing that was appended (sync = ${sync})`, async () => {
    for (let n = 1, done = false; !done; n++) {
      for (const part of [0, 0.5, 1]) {
        const files = new MemoryFiles();
        const told = { appended: 0, confirmed: 0 };
        const killed = await killAt(files, n, part, () => live(files, { sync }, told));
        if (!killed) done = true;
        await checkSurvivors(
          files.afterCrash(),
          told,
          `killed at operation ${n}, ${part} of it done: ${files.log.at(-1)}`,
        );
      }
    }
  });
}

Deno.test("a power loss at any operation loses nothing that was appended with sync = each", async () => {
  for (let n = 1, done = false; !done; n++) {
    const files = new MemoryFiles();
    const told = { appended: 0, confirmed: 0 };
    const killed = await killAt(files, n, 0, () => live(files, { sync: "each" }, told));
    if (!killed) done = true;
    await checkSurvivors(files.afterPowerLoss(), told, `power lost at operation ${n}: ${files.log.at(-1)}`);
  }
});

for (const sync of ["os", "interval", "each"] as const) {
  Deno.test(`power lost at any operation, whatever of each unsynced sector arrives, leaves nothing wrong (sync = ${sync})`, async () => {
    const frames = new Map(lines(0, 100).map((text, sequence) => [sequence, text]));
    let losses = 0;
    let gone = 0;
    for (let n = 1, done = false; !done; n++) {
      for (let seed = 0; seed < SEEDS; seed++) {
        const files = new MemoryFiles();
        const told = { appended: 0, confirmed: 0 };
        if (!await killAt(files, n, seed % 2, () => live(files, { sync }, told))) done = true;
        const what = `power lost at operation ${n}, seed ${seed}: ${files.log.at(-1)}`;
        const { cursor, delivered } = await examine(files.afterPowerLoss(seeded(seed)), frames, what);
        assert(cursor <= told.confirmed || sync === "os", `${what}: cursor ${cursor} was never confirmed`);
        const there = new Set(delivered.map(({ sequence }) => sequence));
        const missing = expected(told.confirmed, told.appended).filter(({ sequence }) => !there.has(sequence));
        if (sync === "each") assertEquals(missing, [], what);
        losses++;
        gone += missing.length;
      }
    }
    if (SOAK) console.log(`sync = ${sync}: ${losses} power losses, ${gone} appended frames gone`);
  });
}

for (const code of ["EIO", "ENOSPC"]) {
  for (const sync of ["os", "interval", "each"] as const) {
    Deno.test(`one operation that fails with ${code}, whichever it is, costs no frame (sync = ${sync})`, async () => {
      for (let n = 1, done = false; !done; n++) {
        for (const part of [0, 0.7]) {
          const { files, told, hit } = await liveWithFault(sync, n, { code, part });
          if (!hit) done = true;
          await checkSurvivors(files.afterCrash(), told, `${code} at operation ${n}, ${part} of it done`);
        }
      }
    });
  }
}

async function liveWithFault(sync: SyncPolicy, n: number, { code, part }: { code: string; part: number }) {
  const files = new MemoryFiles();
  const told = { appended: 0, confirmed: 0 };
  const fault = failAt(files, n, (bytes) => ({ code, written: Math.floor(bytes * part) }));
  for (let attempt = 0;; attempt++) {
    try {
      await live(files, { sync }, told);
      return { files, told, hit: fault.hit };
    } catch (error) {
      // Opening and closing may say no once; then the next start must work.
      if (fault.hit === undefined || attempt > 0) throw new Error(`${fault.hit}`, { cause: error });
      files.releaseLocks();
    }
  }
}
