/** How late the event loop is said to be. */
import { LoopLag } from "../../src/admin/loop_lag.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("the longest delay of the last 5 s is told, one that is under way included, and then forgotten", async () => {
  let nowMs = 0;
  let lateMs = 0;
  const over = new AbortController();
  const asked: Promise<void>[] = [];
  // A sleep ends when the test lets it, `lateMs` too late.
  let wake = () => {};
  const clock = {
    monotonicMs: () => nowMs,
    wallUs: () => 0,
    sleep: (ms: number) =>
      new Promise<void>((resolve) => {
        wake = () => {
          nowMs += ms + lateMs;
          resolve();
        };
      }),
  };
  const lag = new LoopLag(clock);
  asked.push(lag.measure(over.signal));
  const turn = async (late: number) => {
    lateMs = late;
    wake();
    for (let i = 0; i < 5; i++) await Promise.resolve();
  };
  assertEquals(lag.seconds, 0);
  await turn(3);
  assertEquals(lag.seconds, 0.003);
  await turn(120);
  for (let i = 0; i < 19; i++) await turn(1);
  assertEquals(lag.seconds, 0.12);
  await turn(1);
  assertEquals(lag.seconds, 0.001, "after 20 measurements it is forgotten");
  nowMs += 250 + 700;
  assertEquals(lag.seconds, 0.7, "a timer that is due and does not come");
  over.abort();
  wake();
  await Promise.all(asked);
});
