/** `target.rate`: the rate holds at every size and with late timers, and a pause does not save much up. */
import type { Clock } from "../../src/base/clock.ts";
import { Rate } from "../../src/target/rate.ts";
import { assert, assertEquals } from "../support/assert.ts";

/** Every sleep lasts as long as it should, and `late` ms more. */
function fakeClock(late = 0): Clock & { nowMs: number } {
  const clock = {
    nowMs: 0,
    monotonicMs: () => clock.nowMs,
    wallUs: () => 0,
    sleep(ms: number) {
      clock.nowMs += ms + late;
      return Promise.resolve();
    },
  };
  return clock;
}

const never = new AbortController().signal;

for (const wanted of [1, 700, 4096, 65_536, 1 << 20]) {
  for (const late of [0, 3]) {
    Deno.test(`5 MB/s hold within 1 % over 10 s, ${wanted} bytes wanted at a time, the timer ${late} ms late`, async () => {
      const clock = fakeClock(late);
      const rate = new Rate(clock, 5e6);
      let bytes = 0;
      while (clock.nowMs < 10_000) bytes += await rate.take(wanted, never);
      const expected = 5e6 * clock.nowMs / 1000;
      assert(Math.abs(bytes - expected) < expected / 100, `${bytes} bytes in ${clock.nowMs} ms`);
    });
  }
}

Deno.test("a pause does not save up more than a tenth of a second", async () => {
  const clock = fakeClock();
  const rate = new Rate(clock, 1e6);
  clock.nowMs += 60_000;
  let bytes = 0;
  for (const startMs = clock.nowMs; clock.nowMs === startMs;) bytes += await rate.take(1000, never);
  assert(bytes <= 1e5 + 1000, `${bytes} bytes at once`);
});

Deno.test("bytes that were granted and not written can be given back", async () => {
  const clock = fakeClock();
  const rate = new Rate(clock, 1e6);
  clock.nowMs += 1000;
  assertEquals(await rate.take(50_000, never), 50_000);
  rate.giveBack(50_000);
  assertEquals(await rate.take(100_000, never), 100_000);
  assertEquals(clock.nowMs, 1000);
});

Deno.test("the end of the connection ends a wait for the rate", async () => {
  const clock = fakeClock();
  const over = new AbortController();
  over.abort();
  await new Rate(clock, 1).take(1000, over.signal);
  assertEquals(clock.nowMs, 0);
});
