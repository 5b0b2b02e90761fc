/** Which connections may hold how much for unfinished frames, which are closed, and what is left for whole frames. */
import fc from "fast-check";
import type { PooledBuffer } from "../../src/base/buffer.ts";
import { silentLog } from "../../src/base/log.ts";
import { planMemory } from "../../src/relay/memory.ts";
import { SharedBuffer } from "../../src/source/shared_buffer.ts";
import { SmallBuffers } from "../../src/source/small_buffers.ts";
import { type Holder, STUCK_MS, type StuckFrame, UnfinishedFrames } from "../../src/source/unfinished.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

class SomeHolder implements Holder {
  readonly abandoned: StuckFrame[] = [];

  constructor(readonly hasCompletedFrame = false, public sinceMs = 0) {}

  stalledMs(nowMs: number): number {
    return nowMs - this.sinceMs;
  }

  abandon(why: StuckFrame): void {
    this.abandoned.push(why);
  }
}

/** Holders of so many bytes each, and one that waits. */
function crowd(held: readonly number[], wanted: number) {
  const frames = new UnfinishedFrames(held.reduce((a, b) => a + b, 0), silentLog);
  const holders = held.map((bytes) => {
    const holder = new SomeHolder();
    frames.hold(holder, bytes);
    return holder;
  });
  const waiting = new SomeHolder();
  frames.wait(waiting, wanted, () => frames.mayHold(waiting, wanted), 0);
  const gone = () => held.filter((_, i) => holders[i].abandoned.length > 0);
  return { frames, holders, waiting, gone };
}

Deno.test("the connections that hold most are closed first, and as many as the waiting ones need", () => {
  const { frames, holders, gone } = crowd([100, 300, 200, 500, 400], 850);
  frames.check(STUCK_MS - 1);
  assertEquals(gone(), []);
  frames.check(STUCK_MS);
  assertEquals(gone(), [500, 400]);
  assertEquals(holders[3].abandoned, [{ bytesHeld: 500, stalledMs: STUCK_MS, waiting: 1 }]);
});

Deno.test("a connection that has made progress stays, however much it holds", () => {
  const { frames, holders, gone } = crowd([100, 300, 200], 1000);
  holders[1].sinceMs = 1;
  frames.check(STUCK_MS);
  assertEquals(gone(), [100, 200]);
});

Deno.test("memory that abandoned connections still hold counts as coming, and they are not abandoned twice", () => {
  const { frames, holders, gone } = crowd([100, 300, 200], 200);
  frames.check(STUCK_MS);
  frames.check(STUCK_MS + 1000);
  assertEquals(gone(), [300]);
  assertEquals(holders[1].abandoned.length, 1);
  frames.hold(holders[1], 0);
  frames.check(STUCK_MS + 2000);
  assertEquals(gone(), [300, 200], "the one that waits still does, so what came back was not enough");
});

Deno.test("no connection is closed while none waits", () => {
  const { frames, waiting, gone } = crowd([100, 300], 200);
  frames.served(waiting);
  frames.check(100 * STUCK_MS);
  assertEquals(gone(), []);
});

Deno.test("a quarter of the limit is for connections that have completed a frame, and they are served first", async () => {
  const frames = new UnfinishedFrames(400, silentLog);
  const [one, other] = [new SomeHolder(), new SomeHolder(true)];
  assertEquals([frames.mayHold(one, 300), frames.mayHold(one, 301)], [true, false]);
  frames.hold(one, 300);
  assertEquals([frames.mayHold(other, 100), frames.mayHold(other, 101)], [true, false]);
  frames.hold(new SomeHolder(true), 100);

  const late = new SomeHolder();
  frames.wait(late, 50, () => frames.mayHold(late, 50), 0);
  frames.wait(other, 50, () => frames.mayHold(other, 50), 0);
  const order: string[] = [];
  const turns = [
    frames.turn(late).then(() => order.push("late")),
    frames.turn(other).then(() => order.push("other")),
  ];
  frames.hold(one, 0);
  await turns[1];
  frames.hold(other, 50);
  frames.served(other);
  await turns[0];
  assertEquals(order, ["other", "late"]);
});

Deno.test("the memory that is kept for one frame goes to one connection at a time", () => {
  const frames = new UnfinishedFrames(400, silentLog);
  const [one, other] = [new SomeHolder(), new SomeHolder()];
  frames.hold(one, 1000, true);
  assertEquals([frames.mayFinish(one), frames.mayFinish(other)], [true, false]);
  assertEquals(frames.mayHold(other, 300), true, "it is beside the limit");
  frames.hold(one, 0);
  assertEquals(frames.mayFinish(other), true);
});

Deno.test("only a connection that waits has a turn", () => {
  assertThrows(() => new UnfinishedFrames(1, silentLog).turn(new SomeHolder()), Error, "waits for nothing");
});

/** Everything that producers can hold without a whole frame, taken by greedy ones until nothing more is granted. */
function fillUp(memoryBytes: number, frameBytes: number, maxConnections: number, connections: number, seed: number) {
  const { pool, unfinishedBytes } = planMemory(memoryBytes, frameBytes);
  const frames = new UnfinishedFrames(unfinishedBytes, silentLog);
  const sharedBuffer = new SharedBuffer(pool, unfinishedBytes / 2);
  const small = new SmallBuffers(pool, maxConnections);
  const buffers: PooledBuffer[] = [];
  let random = seed;
  const next = (below: number) => (random = (random * 1103515245 + 12345) % 2 ** 31) % below;
  let smallBytes = 0;
  for (let i = 0; i < connections && !small.exhausted; i++) {
    const buffer = small.take();
    assert(buffer !== undefined, `no memory for connection ${i}`);
    smallBytes += buffer.bytes.length;
    buffers.push(buffer);
  }
  for (let refused = 0; refused < 40;) {
    const holder = new SomeHolder(next(2) === 0);
    const bytes = Math.min(frameBytes, 1 + next(1 + next(frameBytes)));
    const lease = holder.hasCompletedFrame && next(3) === 0;
    let buffer: PooledBuffer | undefined;
    if (lease) buffer = frames.mayHold(holder, pool.bufferBytes) ? sharedBuffer.keep()?.buffer : undefined;
    else buffer = frames.mayHold(holder, bytes) ? pool.take(bytes) : undefined;
    if (buffer === undefined) refused++;
    else {
      frames.hold(holder, buffer.bytes.length);
      buffers.push(buffer);
    }
  }
  const kept = pool.takeKept(frameBytes);
  assert(kept !== undefined, "one frame can always be finished");
  return { pool, smallBytes, buffers: [...buffers, kept] };
}

const memory = fc.oneof(
  fc.constantFrom(MIB, 2 * MIB, 16 * MIB, 32 * MIB, 64 * MIB),
  fc.integer({ min: MIB, max: 64 * MIB }),
);

Deno.test("whatever producers hold, five buffers are left for whole frames, and one frame can be finished", () => {
  const setting = memory.chain((memoryBytes) =>
    fc.record({
      memoryBytes: fc.constant(memoryBytes),
      frameBytes: fc.oneof(
        fc.constantFrom(1, Math.floor(memoryBytes / 4)),
        fc.integer({ min: 1, max: Math.floor(memoryBytes / 4) }),
      ),
      maxConnections: fc.constantFrom(1, 10, 1024, 10_000, 1_000_000),
      connections: fc.nat(3000),
      seed: fc.nat(),
    })
  );
  fc.assert(
    fc.property(setting, ({ memoryBytes, frameBytes, maxConnections, connections, seed }) => {
      const { pool, smallBytes, buffers } = fillUp(memoryBytes, frameBytes, maxConnections, connections, seed);
      assert(smallBytes <= memoryBytes / 8, `${smallBytes} bytes of small buffers`);
      assert(pool.usedBytes <= memoryBytes, `${pool.usedBytes} bytes used`);
      let whole = 0;
      for (; pool.take() !== undefined; whole++);
      assert(whole >= 5, `${whole} buffers of ${pool.bufferBytes} are left`);
      for (const buffer of buffers) buffer.release();
    }),
    { numRuns: 150 },
  );
});

Deno.test("the shares of memory are the same at every size up to 1 GiB", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: MIB, max: 1024 * MIB }),
      fc.double({ min: 0, max: 0.25, noNaN: true }),
      (bytes, part) => {
        const frameBytes = Math.max(1, Math.floor(bytes * part));
        const { pool, unfinishedBytes } = planMemory(bytes, frameBytes);
        const rest = bytes - 3 * pool.bufferBytes - frameBytes - bytes / 8;
        assert(
          rest - unfinishedBytes >= 5 * pool.bufferBytes,
          `${(rest - unfinishedBytes) / pool.bufferBytes} buffers`,
        );
        assert(unfinishedBytes + frameBytes > bytes / 2, "about half of memory is for unfinished frames");
      },
    ),
    { numRuns: 2000 },
  );
});
