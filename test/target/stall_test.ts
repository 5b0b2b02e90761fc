/** `target.stall_timeout`: which peers are taken for dead, when, and how often the kernel is asked. */
import type { Clock } from "../../src/base/clock.ts";
import { watchStall } from "../../src/target/stall.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { ScriptedConnection } from "../support/scripted_connection.ts";

/** Time that passes only in sleeps: at each one the test says what the kernel will answer when it is over. */
class Script {
  nowMs = 0;
  readonly sleeps: number[] = [];
  readonly stop = new AbortController();
  readonly connection = new ScriptedConnection();
  inFlight = true;
  /** What time does more than sleep. */
  lateMs = 0;

  constructor(private readonly silentAt: (nowMs: number) => boolean | undefined, private readonly endMs = 1e6) {}

  watch(timeoutMs: number): Promise<boolean> {
    const { connection, stop: { signal } } = this;
    return watchStall({ connection, clock: this.#clock, timeoutMs, signal, inFlight: () => this.inFlight });
  }

  get #clock(): Clock {
    return {
      monotonicMs: () => this.nowMs,
      wallUs: () => 0,
      sleep: (ms) => {
        this.sleeps.push(ms);
        this.nowMs += ms + this.lateMs;
        this.connection.silent = this.silentAt(this.nowMs);
        if (this.nowMs >= this.endMs) this.stop.abort();
        return Promise.resolve();
      },
    };
  }
}

Deno.test("a peer that never answers is stalled after the timeout and one poll, not before", async () => {
  const script = new Script(() => true);
  assertEquals(await script.watch(30_000), true);
  assertEquals(script.nowMs, 31_000);
});

Deno.test("a peer that answers, or of which nothing is known, is never stalled", async () => {
  assertEquals(await new Script(() => false).watch(2_000), false);
  assertEquals(await new Script(() => undefined).watch(2_000), false);
});

Deno.test("one poll that finds an answer starts the time over", async () => {
  const script = new Script((nowMs) => nowMs !== 29_000);
  assertEquals(await script.watch(30_000), true);
  assertEquals(script.nowMs, 60_000);
});

Deno.test("a peer that leaves every second probe of a closed window unanswered is not stalled", async () => {
  const script = new Script((nowMs) => nowMs % 10_000 > 1_000);
  assertEquals(await script.watch(30_000), false);
});

Deno.test("the kernel is asked twenty times within the timeout, every 50 ms at most and every second at least", async () => {
  for (const [timeoutMs, pollMs] of [[2_000, 100], [30_000, 1_000], [86_400_000, 1_000], [4_000, 200]]) {
    const script = new Script(() => true, 10_000);
    await script.watch(timeoutMs);
    assert(script.sleeps.every((ms) => ms === pollMs), `${timeoutMs}: ${script.sleeps}`);
  }
});

Deno.test("a timeout too short for a closed window's answers is taken as 1.5 s", async () => {
  const script = new Script(() => true);
  assertEquals(await script.watch(10), true);
  assertEquals(script.nowMs, 1_575);
});

Deno.test("with nothing in flight the kernel is asked once a second, and counts as before", async () => {
  const script = new Script((nowMs) => nowMs > 5_500);
  script.inFlight = false;
  assertEquals(await script.watch(2_000), true);
  assertEquals(script.nowMs, 8_000);
  assertEquals(script.sleeps.slice(0, 6), Array(6).fill(1_000));
});

Deno.test("time in which the process did not poll does not count as silence", async () => {
  const script = new Script((nowMs) => {
    script.lateMs = nowMs < 1_000 ? 60_000 : 0; // stopped for a minute after the first look
    return true;
  });
  assertEquals(await script.watch(2_000), true);
  assertEquals(script.nowMs, 100 + 60_100 + 18 * 100);
});

Deno.test("an abort ends the watch even if the peer is silent", async () => {
  const script = new Script(() => true, 1_000);
  assertEquals(await script.watch(2_000), false);
  assertEquals(script.nowMs, 1_000);
});
