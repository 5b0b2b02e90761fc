/** How long frames wait, whatever the wall clock does meanwhile. */
import { WaitingTime } from "../../src/admin/waiting_time.ts";
import { assert, assertEquals } from "../support/assert.ts";

const DAY_MS = 86_400_000;

function setUp(carried = 0) {
  let nowMs = 5000;
  let offsetMs = 1_700_000_000_000;
  const clock = { monotonicMs: () => nowMs, wallUs: () => (nowMs + offsetMs) * 1000 };
  const waiting = new WaitingTime(carried, clock);
  return {
    waiting,
    wallUs: clock.wallUs,
    step: (ms: number) => offsetMs += ms,
    pass: (ms: number) => nowMs += ms,
    /** Time passes, and is noted every second. */
    wait(seconds: number, cursor: number, end: number) {
      for (let i = 0; i < seconds; i++) {
        nowMs += 1000;
        waiting.note(cursor, end);
      }
    },
  };
}

Deno.test("as long as the wall clock is left alone, the frame's time counts, to the ms", () => {
  const { waiting, wallUs, wait, pass } = setUp();
  wait(3, 0, 0);
  pass(250);
  const arrivedUs = wallUs();
  wait(10, 0, 7);
  assertEquals(waiting.ofMs(0, arrivedUs), 10_000);
});

for (const [what, stepMs] of [["ahead", DAY_MS], ["back", -DAY_MS]] as const) {
  Deno.test(`a wall clock that is set a day ${what} makes no frame older or younger than the second it came in`, () => {
    const { waiting, wallUs, wait, pass, step } = setUp();
    wait(3, 0, 0);
    pass(250);
    const arrivedUs = wallUs();
    wait(10, 0, 7);
    step(stepMs);
    const ms = waiting.ofMs(0, arrivedUs);
    assert(ms >= 9000 && ms <= 11_000, `${ms}`);
    const later = wallUs();
    wait(2, 0, 9);
    assertEquals(waiting.ofMs(7, later), 2000, "what comes after it has the new time");
  });
}

Deno.test("what an earlier process has left is at least as old as this one", () => {
  const { waiting, wallUs, wait, step } = setUp(5);
  const arrivedUs = wallUs() - 60_000_000;
  wait(10, 0, 5);
  assertEquals(waiting.ofMs(3, arrivedUs), 70_000);
  step(-DAY_MS);
  assertEquals(waiting.ofMs(3, arrivedUs), 10_000);
});

Deno.test("the age of a backlog of days is right to a hundredth", () => {
  const { waiting, wallUs, wait, step } = setUp();
  const arrivedUs = wallUs();
  const seconds = 100_000;
  for (let i = 1; i <= seconds; i++) wait(1, 0, i);
  step(-DAY_MS * 30);
  const ms = waiting.ofMs(0, arrivedUs);
  assert(Math.abs(ms - seconds * 1000) <= seconds * 10, `${ms}`);
});

Deno.test("sequences that drop-newest has freed are as old as the frames that get them", () => {
  const { waiting, wallUs, wait } = setUp();
  wait(5, 0, 20);
  wait(1, 0, 10);
  const arrivedUs = wallUs();
  wait(3, 0, 15);
  assertEquals(waiting.ofMs(12, arrivedUs), 3000);
});
