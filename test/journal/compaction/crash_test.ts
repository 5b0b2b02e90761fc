/** A compaction killed, and the power lost, at any of its operations: every frame stays readable once, and the next run finishes. */
import type { CompactionPolicy } from "../../../src/journal/files/compaction/plan.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import type { MemoryFiles } from "../../support/memory_files.ts";
import { seeded } from "../../support/random.ts";
import { compact, journalOf, names, PADDING, sequences, sequencesIn, strangers } from "../support/compacting.ts";
import { SOAK } from "../support/check_recovered.ts";
import { failAt, killAt } from "../support/kill_at.ts";
import { appendLines, expected, ManualClock, open, readAll } from "../support/rig.ts";

const SEEDS = SOAK ? 200 : 3;
const SEGMENTS = 7;
const FRAMES = SEGMENTS * 4;
const CURSOR = 21;

/** The first segment is too old, the others stay. */
const OLDER_THAN_MS = (new ManualClock().wallUs() - 100_000) / 1000;

const VARIETIES: readonly { name: string; policy: Partial<CompactionPolicy>; from: number }[] = [
  { name: "one file of all", policy: {}, from: 0 },
  { name: "each by itself", policy: { segmentBytes: 1000 }, from: 0 },
  { name: "files of four", policy: { segmentBytes: 8_700 }, from: 0 },
  { name: "one removed", policy: { olderThanMs: OLDER_THAN_MS }, from: 4 },
];

for (const { name, policy, from } of VARIETIES) {
  Deno.test(`a compaction killed at any operation loses nothing, and the next one finishes (${name})`, async () => {
    const { base, wanted } = await scene(policy, from);
    let kills = 0;
    for (let n = 1, done = false; !done; n++) {
      for (const part of [0, 1]) {
        const files = base.afterCrash();
        const killed = await killAt(files, n, part, () => compact(files, policy));
        if (!killed) done = true;
        await checkSurvivors(
          files.afterCrash(),
          policy,
          from,
          wanted,
          `killed at ${n}, ${part} of it done: ${files.log.at(-1)}`,
        );
        kills++;
      }
    }
    assert(kills > 40, `${kills} kills`);
  });

  Deno.test(`power lost at any operation of a compaction loses nothing (${name})`, async () => {
    const { base, wanted } = await scene(policy, from);
    for (let n = 1, done = false; !done; n++) {
      for (let seed = 0; seed < SEEDS; seed++) {
        const files = base.afterCrash();
        if (!await killAt(files, n, seed % 2, () => compact(files, policy))) done = true;
        const what = `power lost at ${n}, seed ${seed}: ${files.log.at(-1)}`;
        const after = files.afterPowerLoss(seed === 0 ? undefined : seeded(seed));
        await checkSurvivors(after, policy, from, wanted, what);
      }
    }
  });

  for (const code of ["EIO", "ENOSPC"]) {
    Deno.test(`one operation of a compaction that fails with ${code} costs nothing, and the next one finishes (${name})`, async () => {
      const { base, wanted } = await scene(policy, from);
      for (let n = 1, done = false; !done; n++) {
        const files = base.afterCrash();
        const fault = failAt(files, n, (bytes) => ({ code, written: bytes >> 1 }));
        await compact(files, policy).catch(() => {});
        files.plan = () => undefined;
        await checkSurvivors(files, policy, from, wanted, `${code} at operation ${n}`);
        done = fault.hit === undefined;
      }
    });
  }
}

/** A journal that is on disk as a whole, and what a compaction that nothing disturbs makes of it. */
async function scene(policy: Partial<CompactionPolicy>, from: number) {
  const base = (await journalOf(SEGMENTS, CURSOR)).afterPowerLoss();
  assertEquals(await sequencesIn(base), sequences(0, FRAMES));
  const undisturbed = base.afterCrash();
  await compact(undisturbed, policy);
  assertEquals(await sequencesIn(undisturbed), sequences(from, FRAMES));
  return { base, wanted: names(undisturbed) };
}

async function checkSurvivors(
  files: MemoryFiles,
  policy: Partial<CompactionPolicy>,
  from: number,
  wanted: readonly string[],
  what: string,
): Promise<void> {
  const there = await sequencesIn(files, what);
  assertEquals(there.filter((sequence) => sequence >= from), sequences(from, FRAMES), what);
  // The daemon starts on what is left, delivers what is pending, goes on.
  const started = files.afterCrash();
  const journal = await open(started, { retainMs: 1e12 });
  const damages: unknown[] = [];
  journal.onDamage = (damage) => damages.push(damage);
  assertEquals(await readAll(journal), expected(CURSOR, FRAMES, PADDING), what);
  await appendLines(journal, 1, PADDING);
  assertEquals(damages, [], what);
  await journal.close();
  assertEquals(
    (await sequencesIn(started, what)).filter((sequence) => sequence >= from),
    sequences(from, FRAMES + 1),
    what,
  );
  const report = await compact(files, policy);
  assertEquals(report.warnings, [], what);
  assertEquals(names(files), [...wanted], what);
  assertEquals(strangers(files), [], what);
  assertEquals(await sequencesIn(files, what), sequences(from, FRAMES), what);
}
