/** Replies to producers: acknowledgements of safe frames, and the consumer's own bytes. */
import { BufferPool } from "../../src/base/buffer.ts";
import { ForwardedReplies } from "../../src/source/forwarded_replies.ts";
import { AckReplies } from "../../src/source/ack_replies.ts";
import { assertEquals } from "../support/assert.ts";
import { join } from "../support/bytes.ts";
import { ScriptedConnection } from "../support/scripted_connection.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { rememberingLog } from "../journal/support/rig.ts";

const text = (connection: ScriptedConnection) => new TextDecoder().decode(join(connection.written));
const bytes = (text: string) => new TextEncoder().encode(text);

function forwarding(connection: ScriptedConnection, maxBytes = 1 << 20) {
  const clock = new VirtualClock();
  const log = rememberingLog();
  const pool = new BufferPool({ maxBytes, reserveBytes: 0, bufferBytes: 32 * 1024, fillReleased: 0x2a });
  const rooms = { count: 0 };
  const answers = new ForwardedReplies({ connection, pool, clock, log, onRoom: () => rooms.count++, onEnd: () => {} });
  return { answers, clock, log, pool, rooms };
}

/** Has the promise resolved once everything that can happen has happened? */
async function isDone(promise: Promise<void>): Promise<boolean> {
  let done = false;
  promise.then(() => done = true);
  await turn();
  return done;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("each producer gets one reply for each of its own frames that is safe, and none before", async () => {
  const replies = new AckReplies(bytes("ok\n"));
  const [a, b] = [new ScriptedConnection(), new ScriptedConnection()];
  const [toA, toB] = [replies.for(a), replies.for(b)];
  toA.received(2, 2);
  toB.received(3, 5);
  toA.received(1, 6);
  await turn();
  assertEquals([text(a), text(b)], ["", ""]);
  replies.noteSafe(1);
  await turn();
  assertEquals([text(a), text(b)], ["ok\n", ""]);
  replies.noteSafe(4);
  await turn();
  assertEquals([text(a), text(b)], ["ok\nok\n", "ok\nok\n"]);
  assertEquals(await isDone(toA.nothingOwed()), false, "frames 5 and 6 are not safe");
  replies.noteSafe(6);
  await turn();
  assertEquals([text(a), text(b)], ["ok\nok\nok\n", "ok\nok\nok\n"]);
  assertEquals(await isDone(toA.nothingOwed()), true);
});

Deno.test("a hundred thousand replies go out in large writes", async () => {
  const replies = new AckReplies(bytes("ok\n"));
  const connection = new ScriptedConnection();
  const to = replies.for(connection);
  to.received(100_000, 100_000);
  replies.noteSafe(100_000);
  await to.nothingOwed();
  assertEquals(text(connection), "ok\n".repeat(100_000));
  assertEquals(connection.written.length <= 20, true, `${connection.written.length} writes`);
});

Deno.test("a producer that is gone does not hold up the others", async () => {
  const replies = new AckReplies(bytes("ok"));
  const gone = new ScriptedConnection();
  gone.write = () => Promise.reject(new Error("reset"));
  const [toGone, toOther] = [replies.for(gone), replies.for(new ScriptedConnection())];
  toGone.received(2, 2);
  toOther.received(1, 3);
  replies.noteSafe(3);
  assertEquals(await isDone(toGone.nothingOwed()), true);
  assertEquals(await isDone(toOther.nothingOwed()), true);
});

Deno.test("a producer gets the consumer's replies to its own frames, and nothing is owed after the last one", async () => {
  const connection = new ScriptedConnection();
  const { answers } = forwarding(connection);
  answers.received(2, 12);
  answers.forward(bytes("to an earlier producer"), 9);
  answers.forward(bytes("ten "), 10);
  const settled = answers.nothingOwed();
  assertEquals(await isDone(settled), false);
  answers.forward(bytes("eleven"), 11);
  assertEquals(await isDone(settled), true);
  assertEquals(text(connection), "ten eleven");
});

Deno.test("if it is unknown which reply is the last, nothing is owed after a second of silence with everything confirmed", async () => {
  const connection = new ScriptedConnection();
  const { answers, clock } = forwarding(connection);
  answers.received(1, 1);
  answers.forward(bytes("hello"), undefined);
  const settled = answers.nothingOwed();
  answers.check(0, 10_000); // not confirmed yet
  assertEquals(await isDone(settled), false);
  answers.check(1, 10_500);
  assertEquals(await isDone(settled), false);
  clock.nowMs = 10_900;
  answers.forward(bytes(" again"), undefined);
  answers.check(1, 11_500);
  assertEquals(await isDone(settled), false);
  answers.check(1, 11_900);
  assertEquals(await isDone(settled), true);
  assertEquals(text(connection), "hello again");
});

Deno.test("replies that a producer does not read are limited, and the log says when delivery waits for it and when no more", async () => {
  const connection = new ScriptedConnection();
  let read = () => {};
  const write = connection.write.bind(connection);
  connection.write = async (bytes) => {
    await new Promise<void>((resolve) => read = resolve);
    return await write(bytes.subarray(0, 1000));
  };
  const { answers, clock, log, pool, rooms } = forwarding(connection);
  answers.received(110, 110);
  let sequence = 0;
  const next = () => {
    const answer = new Uint8Array(300).fill(65 + sequence % 26);
    answers.forward(answer, sequence++);
    return answer;
  };
  const all = [next()];
  while (answers.isReady) all.push(next());
  const bytesAtLimit = sequence * 300;
  assertEquals(bytesAtLimit, 33_000, "a thirty-second of memory, and one answer more");
  assertEquals(pool.usedBytes <= 2 * 65_536, true, `${pool.usedBytes} bytes of memory`);
  clock.nowMs = 999;
  answers.check(sequence, clock.nowMs);
  assertEquals(log.lines.length, 0);
  clock.nowMs = 1500;
  answers.check(sequence, clock.nowMs);
  answers.check(sequence, clock.nowMs);
  assertEquals(log.lines.length, 1, "said once");
  const settled = answers.nothingOwed();
  for (let i = 0; i < 200; i++) {
    read();
    await turn();
  }
  assertEquals(answers.isReady, true);
  assertEquals(rooms.count > 0, true);
  assertEquals(log.lines.length, 2, "that it is over");
  assertEquals(await isDone(settled), true);
  assertEquals(join(connection.written), join(all), "byte for byte, in order");
  answers.end();
  assertEquals(pool.usedBytes, 0);
});

Deno.test("after a producer is gone with replies unread all memory is given back, and nothing more is taken", async () => {
  const connection = new ScriptedConnection();
  let fail = (_: unknown) => {};
  connection.write = () => new Promise((_, reject) => fail = reject);
  const { answers, pool } = forwarding(connection);
  answers.received(3, 3);
  answers.forward(bytes("one"), 0);
  answers.forward(bytes("two"), 1);
  answers.end();
  assertEquals(answers.isReady, true, "nobody is waited for");
  fail(new Error("closed"));
  await turn();
  answers.forward(bytes("three"), 2);
  assertEquals(pool.usedBytes, 0);
});
