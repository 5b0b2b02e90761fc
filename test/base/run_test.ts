/** Runs of frames: their end, their bytes, and that the bytes are a view. */
import { BufferPool } from "../../src/base/buffer.ts";
import { bytesOf, type Run, runBytes, runEnd } from "../../src/base/run.ts";
import { assertEquals } from "../support/assert.ts";

function run(): Run {
  const buffer = new BufferPool({ maxBytes: 64, reserveBytes: 0, bufferBytes: 64 }).take()!;
  return { buffer, start: 10, end: 30, first: 1000, frames: 4, offset: 5000, arrivedUs: 0 };
}

Deno.test("A run gives the sequence after its last frame, and its bytes", () => {
  assertEquals([runEnd(run()), runBytes(run())], [1004, 20]);
});

Deno.test("A run's bytes are a view of its buffer, not a copy", () => {
  const some = run();
  some.buffer.bytes[10] = 1;
  some.buffer.bytes[29] = 2;
  const bytes = bytesOf(some);
  assertEquals([bytes.length, bytes[0], bytes[19]], [20, 1, 2]);
  assertEquals(bytes.buffer === some.buffer.bytes.buffer, true);
});

Deno.test("A run that grows shows its new frames", () => {
  const some = run();
  some.end += 5;
  some.frames += 1;
  assertEquals([runEnd(some), runBytes(some), bytesOf(some).length], [1005, 25, 25]);
});
