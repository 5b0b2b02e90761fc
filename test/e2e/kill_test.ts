/** kill -9 again and again in the middle: what the journal holds is delivered, in order; `deno task soak:kill` has 200. */
import { assert, assertEquals } from "../support/assert.ts";
import { type KillOutcome, LINE_BYTES, REPEATED_BYTES_MAX, runKills } from "./cases/kills.ts";
import { type Scene, scene } from "./rig/scene.ts";

for (const sync of ["os", "each"] as const) {
  scene(
    `ten times kill -9 in the middle: what a scan finds in the journal and what was answered arrives (sync = ${sync})`,
    async (scene) => {
      const outcome = await runKills(scene, { mode: "always", sync, kills: 10 });
      note(scene, outcome);
      assertEquals(outcome.lost, 0, "frames that were in the journal or answered, and never arrived");
      const repeatedMax = Math.ceil(REPEATED_BYTES_MAX / LINE_BYTES);
      assert(
        outcome.repeatsMost <= repeatedMax,
        `one kill repeated ${outcome.repeatsMost}, ${repeatedMax} may be in flight`,
      );
    },
  );
}

scene(
  "eight times kill -9 with frames in memory: it costs what memory and queues held, and nothing else",
  async (scene) => {
    const outcome = await runKills(scene, { mode: "overflow", sync: "os", kills: 8 });
    note(scene, outcome);
    assertEquals(outcome.lost, 0, "frames that were in the journal and never arrived");
  },
);

function note(scene: Scene, outcome: KillOutcome): void {
  const { kills, sent, journaled, answered, delivered, repeats, repeatsMost, cost, costMost } = outcome;
  scene.note(
    `${sent} frames written, ${journaled} found by ${kills} scans, ${answered} answered, ${delivered} delivered`,
  );
  scene.note(`repeats: ${repeats} in all, at most ${repeatsMost} after one kill`);
  scene.note(`never came: ${cost}; most for one kill: ${costMost.bytes} of ${costMost.allowedBytes} B`);
}
