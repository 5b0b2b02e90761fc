/** The order in which waiting readers get memory. */
import { BufferPool } from "../../src/base/buffer.ts";
import { MemoryQueue } from "../../src/source/memory_queue.ts";
import { assertEquals } from "../support/assert.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

/** A full pool of ten buffers, and a queue for it. */
function fullPool() {
  const clock = new VirtualClock();
  const pool = new BufferPool({ maxBytes: 10_240, bufferBytes: 1024, reserveBytes: 0 });
  const held = Array.from({ length: 10 }, () => pool.take()!);
  return { clock, pool, held, queue: new MemoryQueue(pool, clock) };
}

Deno.test("memory that comes free goes to the waiting owners in their order, and no other is woken", async () => {
  const { clock, pool, held, queue } = fullPool();
  const served: number[] = [];
  let tries = 0;
  for (let i = 0; i < 1000; i++) {
    const take = () => {
      tries++;
      return pool.take();
    };
    queue.wait({}, take).then(() => served.push(i));
  }
  await clock.advance(100);
  tries = 0;
  for (const buffer of held.splice(0, 3)) buffer.release();
  await clock.advance(100);
  assertEquals([served, tries], [[0, 1, 2], 4], "three were served and one more asked");
  for (const buffer of held.splice(0, 2)) buffer.release();
  await clock.advance(100);
  assertEquals(served, [0, 1, 2, 3, 4]);
});

Deno.test("the first owner keeps its place until there is enough memory for it", async () => {
  const { clock, pool, held, queue } = fullPool();
  const order: string[] = [];
  queue.wait({}, () => pool.take(4096)).then(() => order.push("large"));
  queue.wait({}, () => pool.take(1024)).then(() => order.push("small"));
  for (let i = 0; i < 4; i++) {
    assertEquals(order, []);
    held.pop()!.release();
    await clock.advance(20);
  }
  assertEquals(order, ["large"]);
  held.pop()!.release();
  await clock.advance(20);
  assertEquals(order, ["large", "small"]);
});

Deno.test("an owner that is released, or waits for something else, does not hold up those behind it", async () => {
  const { clock, pool, held, queue } = fullPool();
  const [gone, other] = [{}, {}];
  const ends = [
    queue.wait(gone, () => pool.take()),
    queue.wait(other, () => pool.take(), () => false),
    queue.wait({}, () => pool.take()),
  ];
  queue.release(gone);
  assertEquals(await ends[0], undefined);
  held.pop()!.release();
  await clock.advance(20);
  assertEquals(await ends[1], undefined);
  assertEquals((await ends[2])?.bytes.length, 1024);
});

Deno.test("memory that is free already is given at once to an owner that waited for something else before", async () => {
  const { clock, pool, held, queue } = fullPool();
  const first = queue.wait({}, () => pool.take());
  await clock.advance(20);
  for (const buffer of held.splice(0, 5)) buffer.release();
  await clock.advance(20);
  await first;
  const next = queue.wait({}, () => pool.take());
  await clock.advance(20);
  assertEquals((await next)?.bytes.length, 1024);
});

Deno.test("an owner that is released while it takes its memory gets it, and takes it only once", async () => {
  const { clock, pool, held, queue } = fullPool();
  const owner = {};
  let taken = 0;
  const waiting = queue.wait(owner, () => {
    const buffer = pool.take();
    if (buffer !== undefined) {
      taken++;
      queue.release(owner);
    }
    return buffer;
  });
  held.pop()!.release();
  await clock.advance(100);
  assertEquals([await waiting === undefined, taken], [false, 1]);
});
