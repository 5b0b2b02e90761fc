/** `journal.max_age`: pending frames that are too old are dropped, and no others. */
import type { Clock } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { Expiry } from "../../src/spool/expiry.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { World } from "./stories/world.ts";

const MAX_AGE_MS = 10_000;

/** A clock that the test moves; wall clock and monotonic clock are apart. */
class HandClock implements Clock {
  nowMs = 0;
  wallMs = 0;
  #wake: (() => void)[] = [];

  monotonicMs(): number {
    return this.nowMs;
  }

  wallUs(): number {
    return this.wallMs * 1000;
  }

  sleep(_ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#wake.push(resolve);
      signal?.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** Lets time pass in half seconds, and wakes every sleeper after each. */
  async pass(ms: number): Promise<void> {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs;) {
      this.nowMs += 500;
      this.wallMs += 500;
      for (const wake of this.#wake.splice(0)) wake();
      await new Promise((resolve) => setTimeout(resolve));
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
}

async function setUp(mode: "overflow" | "always") {
  const world = new World({ mode });
  await world.open();
  const clock = new HandClock();
  const begin = () => {
    const expiry = new Expiry({ spool: world.spool, clock, log: silentLog, maxAgeMs: MAX_AGE_MS });
    expiry.start();
    return expiry;
  };
  const expired = () => world.ledger.dropped.get("expired")?.frames ?? 0;
  return { world, clock, begin, expired };
}

for (const mode of ["overflow", "always"] as const) {
  Deno.test(`${mode}: frames that this process received expire by the monotonic clock, whatever the wall clock does`, async () => {
    const { world, clock, begin, expired } = await setUp(mode);
    world.spool.targetLost();
    const expiry = begin();
    await clock.pass(1000);
    world.receive(50);
    await world.settle();
    clock.wallMs += 50 * 365 * 86_400_000;
    await clock.pass(MAX_AGE_MS - 1000);
    world.receive(30);
    await world.settle();
    assertEquals(expired(), 0, "the wall clock was set, and nothing is old");
    await clock.pass(2000);
    assertEquals(expired(), 50);
    assertEquals(world.ledger.pending.frames, 30);
    clock.wallMs = 0;
    const stream = await world.feed.begin();
    const sent = (await stream.next(10))!;
    sent.release();
    const inFlight = stream.framesInFlight;
    await clock.pass(MAX_AGE_MS);
    assertEquals(expired(), 80 - inFlight, "what is in flight may still be confirmed");
    stream.confirmBytes(sent.bytes.length, sent.bytes.length);
    assertEquals(world.ledger.pending.frames, 0);
    await expiry.stop();
  });

  Deno.test(`${mode}: frames that an earlier process has left expire by the times in their records`, async () => {
    const { world, clock, begin, expired } = await setUp(mode);
    world.spool.targetLost();
    world.receive(50);
    await world.settle();
    const arrivedMs = world.clock.wallUs() / 1000;
    await world.clock.sleep(3000);
    world.receive(30);
    await world.settle();
    assertEquals(await world.spool.backlog.firstSince((arrivedMs + 1) * 1000), 50);
    assertEquals(await world.spool.backlog.firstSince(Number.MAX_SAFE_INTEGER), 80);
    assertEquals(await world.spool.backlog.firstSince(0), 0);

    clock.wallMs = 1000;
    const expiry = begin();
    await clock.pass(1000);
    assertEquals(expired(), 0, "a clock that is not set yet makes nothing old");
    clock.wallMs = arrivedMs + MAX_AGE_MS + 500;
    await clock.pass(1000);
    assertEquals(expired(), 50);
    world.receive(10);
    clock.wallMs += 365 * 86_400_000;
    await clock.pass(1000);
    assertEquals(expired(), 80, "those of before, and none of now");
    assert(world.ledger.pending.frames === 10);
    await expiry.stop();
  });
}
