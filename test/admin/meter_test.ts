/** The rates of a route, and when a consumer counts as stalled. */
import { Meter, SAMPLE_MS } from "../../src/admin/meter.ts";
import { systemClock } from "../../src/base/clock.ts";
import { Ledger } from "../../src/base/ledger.ts";
import { assertEquals } from "../support/assert.ts";

function setUp() {
  let nowMs = 1000;
  const ledger = new Ledger();
  const meter = new Meter(ledger, { ...systemClock, monotonicMs: () => nowMs });
  /** `seconds` pass, in which so many frames of 10 bytes come and go each second. */
  const run = (seconds: number, received: number, delivered: number) => {
    for (let i = 0; i < seconds; i++) {
      ledger.receive(received, received * 10);
      ledger.deliver(delivered, delivered * 10);
      nowMs += SAMPLE_MS;
      meter.sample();
    }
  };
  return { ledger, meter, run, pass: (ms: number) => nowMs += ms };
}

Deno.test("rates are averages over the last three seconds, and unknown in the first moments", () => {
  const { meter, run, pass } = setUp();
  assertEquals(meter.rates(), undefined);
  run(10, 100, 40);
  assertEquals(meter.rates(), {
    receivedFrames: 100,
    receivedBytes: 1000,
    deliveredFrames: 40,
    deliveredBytes: 400,
  });
  run(3, 0, 0);
  assertEquals(meter.rates()!.receivedBytes, 0, "what was before does not count any more");
  run(1, 90, 0);
  assertEquals(meter.rates()!.receivedFrames, 30);
  pass(500);
  assertEquals(Math.round(meter.rates()!.receivedFrames), 26, "between two looks time goes on");
});

Deno.test("a route is idle since it last delivered something, and never while nothing is pending", () => {
  const { meter, run, pass } = setUp();
  run(5, 0, 0);
  assertEquals(meter.idleMs, 0);
  run(3, 10, 5);
  pass(200);
  assertEquals(meter.idleMs, 200);
  run(4, 10, 0);
  assertEquals(meter.idleMs, 4200);
  run(1, 0, 55);
  assertEquals(meter.idleMs, 0);
});

Deno.test("a consumer that confirms nothing is slow at first, and stalled once it gives no sign of reading", () => {
  const silent = () => {
    const set = setUp();
    set.run(3, 10, 5);
    return set;
  };
  const unseen = silent();
  unseen.run(2, 10, 0);
  assertEquals(unseen.meter.isStalled(0), false);
  unseen.run(1, 10, 0);
  assertEquals(unseen.meter.isStalled(0), true, "nothing tells of it");
  assertEquals(unseen.meter.isStalled(400_000), false, "its window may open with the next byte");
  unseen.run(7, 10, 0);
  assertEquals(unseen.meter.isStalled(400_000), true);
  assertEquals(unseen.meter.isStalled(1e9), false);
  unseen.run(50, 10, 0);
  assertEquals(unseen.meter.isStalled(1e9), true);

  const seen = silent();
  for (let second = 0, queue = 128_000; second < 30; second++) {
    seen.run(1, 10, 0);
    queue = Math.max(0, queue - 10_000);
    seen.meter.noteQueue(queue);
    assertEquals(seen.meter.isStalled(0), false, `it reads, or has read all, in second ${second}`);
  }
  seen.run(1, 0, 1);
  for (let second = 1; second <= 4; second++) {
    seen.run(1, 10, 0);
    seen.meter.noteQueue(64_000);
    assertEquals(seen.meter.isStalled(1e9), second >= 3, `it does not read, in second ${second}`);
  }
});
