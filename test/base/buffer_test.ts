/** A route's memory: what is granted, what is refused, what is reused, and that the count of it is exact. */
import fc from "fast-check";
import { BufferPool, type PooledBuffer } from "../../src/base/buffer.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";

const MAX = 10_000;
const RESERVE = 2_000;
const USUAL = 1_600;

function pool(): BufferPool {
  return new BufferPool({ maxBytes: MAX, reserveBytes: RESERVE, bufferBytes: USUAL });
}

Deno.test("Buffers count at their capacity until their last holder releases them", () => {
  const memory = pool();
  const buffer = memory.take()!;
  assertEquals([buffer.bytes.length, memory.usedBytes], [USUAL, USUAL]);
  buffer.retain();
  buffer.release();
  assertEquals(memory.usedBytes, USUAL);
  buffer.release();
  assertEquals(memory.usedBytes, 0);
});

Deno.test("A buffer reports whether it has exactly one holder", () => {
  const buffer = pool().take()!;
  assertEquals(buffer.hasOneHolder, true);
  buffer.retain();
  assertEquals(buffer.hasOneHolder, false);
  buffer.release();
  assertEquals(buffer.hasOneHolder, true);
});

Deno.test("A released buffer can neither be released nor retained again", () => {
  const memory = pool();
  const buffer = memory.take()!;
  buffer.release();
  assertThrows(() => buffer.release(), Error, "release of a buffer that was given back");
  assertThrows(() => buffer.retain(), Error, "retain of a buffer that was given back");
  assertEquals(memory.usedBytes, 0);
});

Deno.test("Incoming bytes may fill all but the reserve, bytes read back may use the reserve too", () => {
  const memory = pool();
  for (let i = 0; i < 5; i++) assert(memory.take() !== undefined);
  assertEquals(memory.take(1), undefined);
  assert(memory.takeReserved(USUAL, false) !== undefined);
  assertEquals(memory.takeReserved(USUAL, false), undefined);
  assert(memory.takeReserved(MAX - 6 * USUAL, false) !== undefined);
  assertEquals(memory.usedBytes, MAX);
});

Deno.test("A reader without a buffer is granted one though memory is full, and nothing else is granted after it", () => {
  const memory = pool();
  while (memory.take() !== undefined);
  const sole = memory.takeReserved(5_000, true)!;
  assertEquals(sole.bytes.length, 5_000);
  assertEquals([memory.take(1), memory.takeReserved(1, false)], [undefined, undefined]);
});

Deno.test("A buffer larger than usual is used again for one of nearly its size, a smaller one if its size is a power of two", () => {
  const memory = new BufferPool({ maxBytes: 16_384, reserveBytes: 0, bufferBytes: 4096 });
  const isUsedAgain = (size: number, nextSize = size) => {
    const buffer = memory.take(size)!;
    buffer.release();
    const next = memory.take(nextSize)!;
    assertEquals(next.bytes.length, nextSize);
    next.release();
    return next.bytes.buffer === buffer.bytes.buffer;
  };
  assertEquals([4096, 1024, 2048, 4000, 512].map((size) => isUsedAgain(size)), [true, true, true, false, false]);
  assertEquals([isUsedAgain(5000), isUsedAgain(8200, 9200), isUsedAgain(8200, 9300)], [true, true, false]);
});

Deno.test("A buffer is no larger than was asked for where there is no room for more", () => {
  const memory = new BufferPool({ maxBytes: 16_384, reserveBytes: 0, bufferBytes: 4096 });
  const [rounded, exact] = [memory.take(9000)!, memory.take(7168)!];
  assertEquals([rounded.capacity, exact.capacity, memory.usedBytes], [9216, 7168, 16_384]);
  rounded.release();
  assertEquals([memory.take(9100)?.capacity, memory.take(1)], [9216, undefined]);
});

Deno.test("The memory that is kept for one frame is exactly what was asked for, so that the reserve stays whole", () => {
  const memory = new BufferPool({ maxBytes: 20_000, reserveBytes: 4096, frameBytes: 5000, bufferBytes: 4096 });
  assertEquals([memory.takeKept(5000)?.capacity, memory.take(memory.intakeBytes)?.capacity], [5000, 10_904]);
  assertEquals([memory.take(1), memory.takeReserved(4096, false)?.capacity, memory.usedBytes], [
    undefined,
    4096,
    20_000,
  ]);
});

Deno.test("Idle buffers of any size are dropped so that all memory together stays below the maximum", () => {
  const memory = new BufferPool({ maxBytes: 16_384, reserveBytes: 0, bufferBytes: 4096 });
  const small = Array.from({ length: 8 }, () => memory.take(1024)!);
  for (const buffer of small) buffer.release();
  const large = [memory.take()!, memory.take()!, memory.take()!];
  const again = Array.from({ length: 4 }, () => memory.take(1024)!.bytes.buffer);
  assertEquals(again.every((bytes) => small.some((buffer) => buffer.bytes.buffer === bytes)), true);
  assertEquals([memory.usedBytes, memory.take(1)], [16_384, undefined]);
  for (const buffer of large) buffer.release();
});

Deno.test("A wait for memory ends when a buffer is released by its last holder, not by one of several", async () => {
  const memory = pool();
  const buffer = memory.take()!.retain();
  let woken = false;
  const waiting = memory.freed().then(() => woken = true);
  buffer.release();
  await Promise.resolve();
  assertEquals(woken, false);
  buffer.release();
  await waiting;
  assertEquals(memory.usedBytes, 0);
});

type Step =
  | { readonly do: "take" | "read"; readonly size: number }
  | { readonly do: "retain" | "release"; readonly which: number };

const size = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constant(USUAL), fc.integer({ min: 1, max: MAX }));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom("take", "read"), size }),
  fc.record({ do: fc.constantFrom("retain", "release", "release"), which: fc.nat(1000) }),
);

/** One route's use of its memory: intake and one reader, whose buffer must be granted when it holds none, as documented. */
class Usage {
  readonly memory: BufferPool = pool();
  readonly live: {
    readonly buffer: PooledBuffer;
    readonly reader: boolean;
    readonly sole: boolean;
    holders: number;
  }[] = [];

  step(step: Step): void {
    if ("which" in step) this.#hold(step.do, step.which);
    else if (step.do === "take") this.#take(step.size);
    else this.#read(step.size);
    this.#check();
  }

  #take(size: number): void {
    const before = this.memory.usedBytes;
    const buffer = this.memory.take(size);
    if (buffer === undefined) {
      assert(before + size > MAX - RESERVE, `refused ${size} with ${before} in use`);
    } else {
      assert(this.memory.usedBytes <= MAX - RESERVE);
      this.#add(buffer, size, false, false);
    }
  }

  #read(size: number): void {
    const sole = !this.live.some(({ reader }) => reader);
    const before = this.memory.usedBytes;
    const buffer = this.memory.takeReserved(size, sole);
    if (buffer === undefined) {
      assert(!sole && before + size > MAX, `refused ${size} with ${before} in use`);
    } else {
      assert(sole || this.memory.usedBytes <= MAX);
      this.#add(buffer, size, true, sole);
    }
  }

  #add(buffer: PooledBuffer, size: number, reader: boolean, sole: boolean): void {
    assertEquals(buffer.bytes.length, size);
    assert(size <= buffer.capacity && buffer.capacity <= size * 9 / 8, `${buffer.capacity} bytes for ${size}`);
    assert(!this.live.some((other) => other.buffer.bytes.buffer === buffer.bytes.buffer), "memory given out twice");
    this.live.push({ buffer, reader, sole, holders: 1 });
  }

  #hold(action: "retain" | "release", which: number): void {
    if (this.live.length === 0) return;
    const index = which % this.live.length;
    const entry = this.live[index];
    entry.buffer[action]();
    entry.holders += action === "retain" ? 1 : -1;
    if (entry.holders === 0) this.live.splice(index, 1);
  }

  #check(): void {
    const used = this.memory.usedBytes;
    assertEquals(used, this.live.reduce((sum, { buffer }) => sum + buffer.capacity, 0));
    const granted = this.live.find(({ sole }) => sole)?.buffer.capacity ?? 0;
    assert(used <= MAX + granted, `${used} bytes in use, of which ${granted} for the sole reader`);
  }
}

Deno.test("After any sequence of calls the use is exact, and above the maximum only by a buffer that must be granted", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: "max" }), (steps) => {
      const usage = new Usage();
      for (const step of steps) usage.step(step);
    }),
    { numRuns: 300 },
  );
});
