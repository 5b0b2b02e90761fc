/** The clock of µs since 1970, made of a wall clock in ms and a monotonic one. */
import { systemClock, wallClock } from "../../src/base/clock.ts";
import { assert, assertEquals } from "../support/assert.ts";

const DAY_MS = 86_400_000;

/** The two clocks of a machine, and the clock that is made of them. */
function machine() {
  const now = { wallMs: 1_700_000_000_000, monotonicMs: 1234.5 };
  const wallUs = wallClock(() => Math.floor(now.wallMs), () => now.monotonicMs);
  const pass = (ms: number, steppedMs = 0) => {
    now.monotonicMs += ms;
    now.wallMs += ms + steppedMs;
    return wallUs();
  };
  return { now, pass };
}

/** Not more than a millisecond from the machine's clock. */
function isRight(us: number, wallMs: number): boolean {
  return us >= Math.floor(wallMs) * 1000 && us < (Math.floor(wallMs) + 1) * 1000;
}

for (const stepMs of [400 * DAY_MS, 3_600_000, 1500, 1.5, -1.5, -1500, -3_600_000, -400 * DAY_MS]) {
  Deno.test(`A clock that is set by ${stepMs} ms is followed at once, and stays right`, () => {
    const { now, pass } = machine();
    for (let i = 0; i < 100; i++) assert(isRight(pass(0.37), now.wallMs));
    assert(isRight(pass(0.01, stepMs), now.wallMs));
    for (let i = 0; i < 100; i++) assert(isRight(pass(0.37), now.wallMs));
  });
}

for (const drift of [0.0005, -0.0005, 0.5, -0.5]) {
  Deno.test(`A clock that drifts by ${drift * 100} percent is followed, and never runs backwards`, () => {
    const { now, pass } = machine();
    let before = 0;
    for (let i = 0; i < 20_000; i++) {
      const us = pass(0.083, 0.083 * drift);
      assert(isRight(us, now.wallMs));
      assert(us >= before, `${us} after ${before}`);
      before = us;
    }
  });
}

Deno.test("Within a millisecond time goes on in microseconds", () => {
  const { pass } = machine();
  for (let i = 0; i < 100; i++) pass(0.1);
  const times = Array.from({ length: 50 }, () => pass(0.004));
  assertEquals(times.slice(1).map((us, i) => us - times[i]).every((us) => us >= 3 && us <= 5), true);
});

Deno.test("The machine's clock is read at every call", () => {
  const real = Date.now;
  try {
    for (const ms of [real() + DAY_MS, 86_400, real() - DAY_MS]) {
      Date.now = () => ms;
      assertEquals(Math.floor(systemClock.wallUs() / 1000), ms);
    }
  } finally {
    Date.now = real;
  }
});
