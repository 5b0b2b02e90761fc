/** How often a session asks the kernel what is confirmed, and how long it waits for the consumer's end. */
import { RESERVE_MS, STOP_MS, StopDeadline } from "../../src/base/stop_deadline.ts";
import type { Connection } from "../../src/runtime/net.ts";
import type { DeliveryStream } from "../../src/spool/delivery_stream.ts";
import type { Confirmer } from "../../src/target/confirmer.ts";
import { assertEquals } from "../support/assert.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { plainSession } from "./plain_session.ts";

/** A consumer that sends nothing, and a connection on which nothing more is to be sent while something is in flight. */
async function askedAt(clock: VirtualClock, confirms: (ask: number) => boolean, ms: number): Promise<number[]> {
  const asked: number[] = [];
  let progress = 0;
  const connection = { read: () => new Promise<null>(() => {}) } as unknown as Connection;
  const confirmer = {
    inFlight: true,
    get progress() {
      return progress;
    },
    follow() {
      asked.push(clock.nowMs);
      if (confirms(asked.length)) progress++;
    },
    room: () => Promise.resolve(0),
    stop() {},
  } as unknown as Confirmer;
  const stream = { interrupt() {} } as unknown as DeliveryStream;
  const session = plainSession({ connection, stream, confirmer, clock });
  await clock.advance(ms);
  session.end("the test is over");
  return asked;
}

Deno.test("while confirmations come the kernel is asked each ms, and less and less often while none do", async () => {
  assertEquals(await askedAt(new VirtualClock(), () => true, 5), [1, 2, 3, 4, 5]);
  assertEquals(await askedAt(new VirtualClock(), () => false, 45), [1, 3, 7, 15, 25, 35, 45]);
  assertEquals(await askedAt(new VirtualClock(), (ask) => ask === 4, 30), [1, 3, 7, 15, 16, 18, 22, 30]);
});

/** A stop, with everything confirmed and perhaps unread, of a consumer that reads until `readsUntilMs`, and closes `fin` ms after FIN. */
async function stopTakes(readsUntilMs: number, fin = Infinity): Promise<number> {
  const clock = new VirtualClock();
  let closed = () => {};
  const connection = {
    read: () => new Promise<null>((resolve) => closed = () => resolve(null)),
    closeWrite: () => {
      clock.sleep(Math.min(fin, 60_000)).then(() => closed());
      return Promise.resolve();
    },
  };
  const confirmer = {
    inFlight: false,
    mayBeUnread: true,
    get readingMs() {
      return Math.min(clock.nowMs, readsUntilMs);
    },
    progress: 0,
    follow() {},
    finish() {},
    stop() {},
    room: () => Promise.resolve(0),
    finished: () => Promise.resolve(),
  };
  const session = plainSession({
    connection: connection as unknown as Connection,
    stream: { interrupt() {} } as unknown as DeliveryStream,
    confirmer: confirmer as unknown as Confirmer,
    clock,
  });
  const began = clock.nowMs;
  const stopped = session.finish(new StopDeadline(clock)).then(() => clock.nowMs - began);
  await clock.advance(STOP_MS);
  return await stopped;
}

Deno.test("a stop waits for the consumer's end while it reads, and not much longer", async () => {
  assertEquals(await stopTakes(0), 500);
  assertEquals(await stopTakes(1200), 1700);
  assertEquals(await stopTakes(1200, 1300), 1300);
  assertEquals(await stopTakes(Infinity), STOP_MS - RESERVE_MS.target);
});
