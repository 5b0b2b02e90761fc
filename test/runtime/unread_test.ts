/** Chunks that Bun has handed over before they were read, and their limit. */
import { type Chunked, Unread, UnreadLimit } from "../../src/runtime/bun/unread.ts";
import { assertEquals } from "../support/assert.ts";

const MIB = 1024 * 1024;

class Socket implements Chunked {
  parked = false;

  constructor(private readonly limit: UnreadLimit) {
    limit.attached(this);
  }

  park(): void {
    this.parked = true;
    this.limit.parked(this);
  }
}

Deno.test("what waits is taken in order, whatever the reads", () => {
  const unread = new Unread(new UnreadLimit());
  unread.keep(Uint8Array.of(1, 2, 3, 4), 1);
  const into = new Uint8Array(2);
  assertEquals([unread.take(into), ...into], [2, 2, 3]);
  unread.keep(Uint8Array.of(5, 6, 7), 0);
  assertEquals([unread.take(into), ...into], [2, 4, 5]);
  assertEquals([unread.take(into), ...into], [2, 6, 7]);
  assertEquals(unread.isEmpty, true);
});

Deno.test("beyond the limit every socket is taken away from Bun, and none is given back until what waits is gone", () => {
  const limit = new UnreadLimit();
  const sockets = Array.from({ length: 3 }, () => new Socket(limit));
  const waiting = Array.from({ length: 17 }, () => new Unread(limit));
  for (const unread of waiting.slice(0, 16)) unread.keep(new Uint8Array(MIB / 2), 100);
  assertEquals([limit.open, ...sockets.map(({ parked }) => parked)], [true, false, false, false]);
  waiting[16].keep(new Uint8Array(MIB / 2), 100);
  assertEquals([limit.open, ...sockets.map(({ parked }) => parked)], [false, true, true, true]);
  waiting[0].take(new Uint8Array(1000));
  assertEquals(limit.open, false, "a chunk counts as long as a byte of it waits");
  waiting[1].take(new Uint8Array(MIB));
  assertEquals(limit.open, true);
  for (const unread of waiting) unread.drop();
  waiting[3].drop();
  waiting[4].keep(new Uint8Array(8 * MIB), 0);
  assertEquals(limit.open, true, "what was dropped twice counted once");
});
