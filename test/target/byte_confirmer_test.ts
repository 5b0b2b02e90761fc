/** Confirmation by position in the stream: what the consumer sends is passed on, and leaves nothing behind. */
import { systemClock } from "../../src/base/clock.ts";
import { Condition } from "../../src/base/condition.ts";
import type { DeliveryStream } from "../../src/spool/delivery_stream.ts";
import { ByteConfirmer } from "../../src/target/byte_confirmer.ts";
import type { ReplySink } from "../../src/target/confirmer.ts";
import { Pieces } from "../../src/target/slow_start.ts";
import { assertEquals } from "../support/assert.ts";
import { ScriptedConnection } from "../support/scripted_connection.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

function confirmer(replies: ReplySink | undefined): ByteConfirmer {
  const stream = {} as DeliveryStream; // nothing is sent
  const connection = new ScriptedConnection();
  const pieces = new Pieces(systemClock, 0);
  return new ByteConfirmer({ connection, stream, clock: systemClock, mode: "acked", mustRead: true, pieces, replies });
}

Deno.test("a consumer that sends something all the time leaves no event listeners behind", async () => {
  const { addEventListener } = EventTarget.prototype;
  let listeners = 0;
  EventTarget.prototype.addEventListener = function (...args: Parameters<typeof addEventListener>) {
    listeners++;
    return addEventListener.apply(this, args);
  };
  try {
    const changed = new Condition();
    const ready: ReplySink = { isReady: true, changed: () => changed.wait(), forward() {} };
    for (const replies of [undefined, ready]) {
      const { received, readable } = ByteConfirmer.prototype;
      const each = confirmer(replies);
      for (let i = 0; i < 1000; i++) {
        received.call(each, Uint8Array.of(1));
        await readable.call(each);
      }
      each.stop();
    }
  } finally {
    EventTarget.prototype.addEventListener = addEventListener;
  }
  assertEquals(listeners, 0);
});

Deno.test("a consumer whose bytes the producer does not read is not read until the producer does, or the connection ends", async () => {
  const changed = new Condition();
  const replies = { isReady: false, changed: () => changed.wait(), forward() {} };
  const first = confirmer(replies);
  const reading = first.readable();
  assertEquals(first.waitsForProducer, true);
  replies.isReady = true;
  changed.notify();
  await reading;
  assertEquals(first.waitsForProducer, false);
  replies.isReady = false;
  const second = confirmer(replies);
  const ended = second.readable();
  second.stop();
  await ended;
});

Deno.test("a window that opens without more having been acknowledged tells that the consumer reads", async () => {
  const clock = new VirtualClock();
  const window = { bytes: 100_000, scale: 7, segmentsSent: 1, notSentBytes: 0, limitedMs: 0, isReset: false };
  class Consumer extends ScriptedConnection {
    override peerWindow = () => window;
  }
  const stream = { confirmBytes() {} } as unknown as DeliveryStream;
  const parts = {
    stream,
    clock,
    mode: "acked",
    mustRead: true,
    pieces: new Pieces(clock, 0),
    replies: undefined,
  } as const;
  const confirmer = new ByteConfirmer({ connection: new Consumer(), ...parts });
  confirmer.wrote(50_000);
  window.bytes = 50_000;
  await clock.advance(5);
  confirmer.wrote(50_000);
  const { readingMs } = confirmer;
  for (const bytes of [0, 0, 30_000, 30_000, 60_000]) {
    await clock.advance(5);
    window.bytes = bytes;
    confirmer.follow();
  }
  assertEquals([readingMs, confirmer.readingMs, clock.nowMs], [0, 30, 30]);
});
