/** What is said of states that last, and how often. */
import { LastingStates } from "../../src/admin/lasting_states.ts";
import { UNKNOWN } from "../../src/admin/status.ts";
import { type LogLine, recordingLog } from "../spool/stories/surroundings.ts";
import { assertEquals } from "../support/assert.ts";

class Scene {
  nowMs = 0;
  awaySinceMs: number | undefined;
  unreadSinceMs: number | undefined;
  readonly lines: (LogLine & { readonly atS: number })[] = [];
  readonly states = new LastingStates({
    clock: { monotonicMs: () => this.nowMs },
    log: recordingLog((line) => this.lines.push({ ...line, atS: this.nowMs / 1000 })),
    awayMs: () => this.awaySinceMs === undefined ? undefined : this.nowMs - this.awaySinceMs,
    unreadMs: () => this.unreadSinceMs === undefined ? undefined : this.nowMs - this.unreadSinceMs,
    status: () =>
      Promise.resolve({
        ...UNKNOWN,
        pending_bytes: this.nowMs,
        journal_full_seconds: 7200,
        source_held_up_reason: "memory is full: ENOSPC",
      }),
  });

  async pass(seconds: number): Promise<void> {
    for (let i = 0; i < seconds; i++) {
      this.nowMs += 1000;
      await this.states.check();
    }
  }
}

Deno.test("a consumer that is away for five hours is said eight times, with what is pending and when the journal is full", async () => {
  const scene = new Scene();
  scene.awaySinceMs = 0;
  await scene.pass(5 * 3600);
  assertEquals(scene.lines.map(({ atS }) => atS), [60, 300, 900, 3600, 7200, 10_800, 14_400, 18_000]);
  assertEquals(scene.lines[1].fields, {
    away_s: 300,
    pending_frames: 0,
    pending_bytes: 300_000,
    journal_full_in_s: 7200,
    error: undefined,
  });
  scene.awaySinceMs = undefined;
  await scene.pass(10);
  scene.awaySinceMs = scene.nowMs;
  await scene.pass(59);
  assertEquals(scene.lines.length, 8);
  await scene.pass(1);
  assertEquals(scene.lines.at(-1)!.fields.away_s, 60);
});

Deno.test("producers that are held up are an error once it has lasted for a second, and a line with its duration at the end", async () => {
  const scene = new Scene();
  await scene.pass(1);
  scene.unreadSinceMs = scene.nowMs + 500;
  await scene.pass(1);
  scene.unreadSinceMs = undefined;
  await scene.pass(1);
  assertEquals(scene.lines, [], "half a second is no event");
  scene.unreadSinceMs = scene.nowMs;
  await scene.pass(70);
  // Another connection waits now; the state is the same.
  scene.unreadSinceMs = scene.nowMs - 10;
  await scene.pass(30);
  scene.unreadSinceMs = undefined;
  await scene.pass(5);
  assertEquals(scene.lines.map(({ level, atS, fields }) => [level, atS, fields.for_s, fields.cause]), [
    ["error", 4, 1, "memory is full: ENOSPC"],
    ["error", 63, 60, "memory is full: ENOSPC"],
    ["info", 104, 101, undefined],
  ]);
});
