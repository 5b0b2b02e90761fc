/** The reader of a connection: every frame once and whole, whatever the sizes of frames, reads and memory. */
import fc from "fast-check";
import type { Framing } from "../../src/framing/framing.ts";
import { DrainReader } from "../../src/source/drain.ts";
import { HEAD_BYTES } from "../../src/source/drain_end.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { join } from "../support/bytes.ts";
import { ScriptedConnection } from "../support/scripted_connection.ts";
import { Intake, lengthPrefixed, line, littleMemory, RECORD_BYTES, settled } from "./intake.ts";

const LINES: Framing = { type: "line", delimiter: Uint8Array.of(10), maxFrame: 64 * 1024 };
const LARGE_LINES: Framing = { type: "line", delimiter: Uint8Array.of(10), maxFrame: 128 * 1024 };
const LARGE_FRAMES: Framing = {
  type: "length-prefix",
  width: 4,
  endian: "big",
  offset: 0,
  includesHeader: false,
  maxFrame: 128 * 1024,
};
Deno.test("whatever the sizes of frames and reads, the sink gets all frames once, whole and in order, and all memory comes back", async () => {
  const sizes = fc.array(
    fc.oneof(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 200, max: 2000 }),
      fc.integer({ min: 7000, max: 60_000 }),
    ),
    { minLength: 1, maxLength: 40 },
  );
  const cuts = fc.array(
    fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1000, max: 90_000 })),
    { minLength: 1, maxLength: 30 },
  );
  await fc.assert(
    fc.asyncProperty(sizes, cuts, fc.boolean(), async (frameSizes, reads, releaseEarly) => {
      const frames = frameSizes.map((size, index) => line(size, 97 + index % 26));
      const stream = join(frames);
      const intake = new Intake(LINES, littleMemory(4 * 1024 * 1024));
      const connection = new ScriptedConnection();
      const run = intake.reader(connection).run();
      for (let at = 0, i = 0; at < stream.length; i++) {
        const count = reads[i % reads.length];
        connection.feed(stream.subarray(at, at + count));
        at += count;
        if (releaseEarly && i % 3 === 0) {
          await settled();
          intake.release();
        }
      }
      connection.end();
      assertEquals((await run).reason, "eof");
      intake.release();
      assertEquals(join(intake.delivered), stream);
      assertEquals(intake.counts.reduce((a, b) => a + b, 0), frames.length);
      intake.delivered.forEach((bytes, i) => {
        assertEquals(bytes[bytes.length - 1], 10, "a run ends at a frame's end");
        assert(bytes.length <= RECORD_BYTES || intake.counts[i] === 1, "a run is a record's size, or one larger frame");
      });
      assertEquals(intake.close(), 0);
    }),
    { numRuns: 60 },
  );
});

Deno.test("frames in a large buffer are handed on where they lie, side by side", async () => {
  const intake = new Intake(LINES, littleMemory(512 * 1024));
  const connection = new ScriptedConnection();
  const run = intake.reader(connection).run();
  connection.feed(join(Array.from({ length: 300 }, () => line(100, 120))));
  connection.end();
  await run;
  const buffers = new Set(intake.runs.map((taken) => taken.buffer));
  assert(buffers.size <= 2, `30,000 bytes went through ${buffers.size} buffers of 32 KiB`);
  intake.close();
});

Deno.test("a thousand quiet connections share one buffer for their frames", async () => {
  const intake = new Intake(LINES, littleMemory(512 * 1024));
  const ends: Promise<unknown>[] = [];
  for (let i = 0; i < 1000; i++) {
    const connection = new ScriptedConnection();
    ends.push(intake.reader(connection, 256).run());
    connection.feed(line(20, 97));
    if (i % 100 === 0) await settled();
    connection.end();
  }
  await Promise.all(ends);
  assertEquals(new Set(intake.runs.map((taken) => taken.buffer)).size, 1);
  assertEquals(intake.close(), 0);
});

Deno.test("a second of waiting for memory counts once, however many connections wait in it", async () => {
  const intake = new Intake(LINES, littleMemory(256 * 1024));
  const stream = join(Array.from({ length: 1000 }, (_, i) => line(500, 97 + i % 26)));
  const runs = Array.from({ length: 3 }, () => {
    const connection = new ScriptedConnection();
    for (let at = 0; at < stream.length; at += 1000) connection.feed(stream.subarray(at, at + 1000));
    connection.end();
    return intake.reader(connection).run();
  });
  await settled();
  assertEquals(intake.paused.longest(intake.nowMs), 0, "they wait");
  intake.nowMs += 500;
  assertEquals([intake.pausedMs, intake.paused.longest(intake.nowMs)], [500, 500]);
  let over = false;
  Promise.all(runs).then(() => over = true);
  while (!over) {
    intake.release();
    await settled();
  }
  assertEquals([intake.pausedMs, intake.paused.longest(intake.nowMs)], [500, undefined]);
  intake.release();
  assertEquals(intake.close(), 0);
});

Deno.test("with memory full the reader stops reading, counts the time, and goes on when memory comes back", async () => {
  const intake = new Intake(LINES, littleMemory(128 * 1024));
  const connection = new ScriptedConnection();
  const run = intake.reader(connection).run();
  const stream = join(Array.from({ length: 1000 }, (_, i) => line(500, 97 + i % 26)));
  for (let at = 0; at < stream.length; at += 1000) connection.feed(stream.subarray(at, at + 1000));
  connection.end();
  await settled();
  assert(connection.unread > 0, "everything was read although the sink let nothing go");
  assert(connection.pauses > 0, "the connection was not told to pause");
  assert(intake.pool.usedBytes <= 128 * 1024, `${intake.pool.usedBytes} bytes used`);
  intake.nowMs += 500;
  let over = false;
  run.then(() => over = true);
  while (!over) {
    intake.release();
    await settled();
  }
  assertEquals(intake.pausedMs, 500);
  intake.release();
  assertEquals(join(intake.delivered), stream);
  assertEquals(intake.close(), 0);
});

Deno.test("a fault ends the connection after the good frames before it, with the bytes in the log", async () => {
  const intake = new Intake({ ...LINES, maxFrame: 100 } as Framing, littleMemory(512 * 1024));
  const connection = new ScriptedConnection();
  const run = intake.reader(connection).run();
  connection.feed(join([line(50, 97), line(60, 98), new Uint8Array(150).fill(99)]));
  const end = await run;
  assertEquals(end.reason, "fault");
  assert(end.detail!.includes("100"), end.detail);
  const { bytes, head } = end.leftover;
  assert(bytes >= 100 && head.length === HEAD_BYTES && head.every((byte) => byte === 99), `${bytes}: ${head}`);
  intake.release();
  assertEquals(join(intake.delivered), join([line(50, 97), line(60, 98)]));
  assertEquals(intake.close(), 0);
});

Deno.test("the bytes of an unfinished frame are reported when the connection ends", async () => {
  const intake = new Intake(LINES, littleMemory(512 * 1024));
  const connection = new ScriptedConnection();
  const run = intake.reader(connection).run();
  connection.feed(line(10, 97), Uint8Array.of(1, 2, 3));
  connection.end();
  const end = await run;
  assertEquals(end, { reason: "eof", leftover: { bytes: 3, head: Uint8Array.of(1, 2, 3) } });
  intake.close();
});

Deno.test("a connection closed while it waits for memory hands on the whole frames that it had read, over the limit if it must", async () => {
  const intake = new Intake(LINES, littleMemory(64 * 1024));
  const connection = new ScriptedConnection();
  const run = intake.reader(connection, 4096);
  const ended = run.run();
  const stream = join(Array.from({ length: 1000 }, (_, i) => line(100, 97 + i % 26)));
  for (let at = 0; at < stream.length; at += 1000) connection.feed(stream.subarray(at, at + 1000));
  await settled();
  const read = stream.length - connection.unread;
  assert(connection.unread > 0 && run.waitsForMemory, "it does not wait for memory");
  run.close();
  const { reason, leftover } = await ended;
  assertEquals(reason, "lost");
  intake.release();
  assertEquals(join(intake.delivered), stream.slice(0, read - leftover.bytes));
  assertEquals(leftover.bytes, read % 100, "a whole frame was not handed on");
  assertEquals(intake.close(), 0);
});

for (const framing of [LARGE_LINES, LARGE_FRAMES]) {
  Deno.test(`twelve producers of frames that fill a quarter of memory all get through, ${framing.type}`, async () => {
    const size = 120_000;
    const intake = new Intake(framing, littleMemory(512 * 1024, 16 * 1024, 128 * 1024));
    const frame = framing.type === "line" ? line(size, 97) : lengthPrefixed(size);
    const connections = Array.from({ length: 12 }, () => new ScriptedConnection());
    const runs = connections.map((connection) => intake.reader(connection, 1024).run());
    for (let at = 0; at < size; at += 5000) {
      for (const connection of connections) connection.feed(frame.subarray(at, at + 5000));
      await settled();
      assert(intake.pool.usedBytes <= 512 * 1024, `${intake.pool.usedBytes} bytes used`);
    }
    for (const connection of connections) connection.end();
    for (let i = 0; i < 200 && intake.delivered.length < 12; i++) {
      await settled();
      intake.release();
      intake.context.unfinished.check(intake.nowMs);
    }
    assertEquals(intake.delivered.map((bytes) => bytes.length), new Array(12).fill(size));
    assertEquals((await Promise.all(runs)).map((end) => end.reason), new Array(12).fill("eof"));
    assertEquals(intake.close(), 0);
  });
}

Deno.test("bytes between frames are left out, however the reads cut them, and the frames are handed on unchanged", async () => {
  const framing: Framing = {
    type: "delimited",
    start: Uint8Array.of(11),
    end: Uint8Array.of(28, 13),
    between: Uint8Array.of(13, 10, 0),
    maxFrame: 64 * 1024,
  };
  const part = fc.record({
    before: fc.array(fc.constantFrom(13, 10, 0), { maxLength: 3 }).map((bytes) => Uint8Array.from(bytes)),
    size: fc.oneof(fc.integer({ min: 3, max: 40 }), fc.integer({ min: 200, max: 9000 })),
  });
  const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 100, max: 9000 })), {
    minLength: 1,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 20 }), cuts, async (parts, reads) => {
      const frames = parts.map(({ size }) => Uint8Array.of(11, ...new Uint8Array(size - 3).fill(10), 28, 13));
      const stream = join([...parts.flatMap(({ before }, i) => [before, frames[i]]), Uint8Array.of(13, 10)]);
      const intake = new Intake(framing, littleMemory(1024 * 1024));
      const connection = new ScriptedConnection();
      const run = intake.reader(connection).run();
      for (let at = 0, i = 0; at < stream.length; i++) {
        connection.feed(stream.subarray(at, at += reads[i % reads.length]));
      }
      connection.end();
      assertEquals(await run, { reason: "eof", leftover: { bytes: 0, head: new Uint8Array(0) } });
      intake.release();
      assertEquals(join(intake.delivered), join(frames));
      assertEquals(join(intake.passedOver), join([...parts.map(({ before }) => before), Uint8Array.of(13, 10)]));
      assertEquals(intake.close(), 0);
    }),
    { numRuns: 20 },
  );
});

Deno.test("while the target is waited for nothing is read, and that time counts as patience, not as a pause", async () => {
  const intake = new Intake(LINES, littleMemory(64 * 1024));
  const patience = { isWaiting: true, ended: () => wait.promise };
  const wait = Promise.withResolvers<void>();
  const connection = new ScriptedConnection();
  const reader = new DrainReader(connection, { ...intake.context, patience }, intake.pool.take(256)!);
  const ended = reader.run();
  connection.feed(line(50, 97));
  await settled();
  intake.nowMs += 7;
  assertEquals(intake.runs.length, 0);
  patience.isWaiting = false;
  wait.resolve();
  connection.end();
  assertEquals((await ended).reason, "eof");
  await reader.released;
  assertEquals(intake.runs.length, 1);
  assertEquals([intake.patient.total(intake.nowMs), intake.paused.total(intake.nowMs)], [7, 0]);
});

Deno.test("a reader that is dismissed while it may not read ends at once, and leaves in the kernel what arrives", async () => {
  const intake = new Intake(LINES, littleMemory(64 * 1024));
  const allowed = Promise.withResolvers<void>();
  const riskLimit = { hold: () => false, covered: () => allowed.promise, release: () => {} };
  const connection = new ScriptedConnection();
  const reader = new DrainReader(connection, { ...intake.context, riskLimit }, intake.pool.take(256)!);
  const ended = reader.run();
  await settled();
  reader.dismiss();
  allowed.resolve();
  await settled();
  connection.feed(line(50, 97));
  assertEquals((await ended).reason, "dismissed");
  assertEquals([connection.unread, intake.runs.length], [50, 0]);
  assertEquals(intake.close(), 0);
});

Deno.test("bytes that a read brings after the dismissal are counted", async () => {
  const intake = new Intake(LINES, littleMemory(64 * 1024));
  const connection = new ScriptedConnection();
  const reader = intake.reader(connection);
  const ended = reader.run();
  await settled();
  reader.dismiss();
  assertEquals((await ended).reason, "dismissed");
  connection.feed(line(50, 97));
  await reader.released;
  assertEquals([reader.lateBytes, intake.runs.length], [50, 0]);
  assertEquals(intake.close(), 0);
});
