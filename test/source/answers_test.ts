import { ForwardedAnswers } from "../../src/source/forwarded_answers.ts";
import { SafeReplies } from "../../src/source/safe_replies.ts";
import { assertEquals } from "../support/assert.ts";
import { join } from "../support/bytes.ts";
import { ScriptedConnection } from "../support/scripted_connection.ts";

const text = (connection: ScriptedConnection) => new TextDecoder().decode(join(connection.written));
const bytes = (text: string) => new TextEncoder().encode(text);

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

Deno.test("each producer gets as many replies as frames of its own are safe, and none before", async () => {
  const replies = new SafeReplies(bytes("ok\n"));
  const [a, b] = [new ScriptedConnection(), new ScriptedConnection()];
  const [toA, toB] = [replies.for(a), replies.for(b)];
  toA.received(2, 2);
  toB.received(3, 5);
  toA.received(1, 6);
  await turn();
  assertEquals([text(a), text(b)], ["", ""]);
  replies.safe(1);
  await turn();
  assertEquals([text(a), text(b)], ["ok\n", ""]);
  replies.safe(4);
  await turn();
  assertEquals([text(a), text(b)], ["ok\nok\n", "ok\nok\n"]);
  assertEquals(await isDone(toA.settled()), false, "frames 5 and 6 are not safe");
  replies.safe(6);
  await turn();
  assertEquals([text(a), text(b)], ["ok\nok\nok\n", "ok\nok\nok\n"]);
  assertEquals(await isDone(toA.settled()), true);
});

Deno.test("a hundred thousand replies go out in large writes", async () => {
  const replies = new SafeReplies(bytes("ok\n"));
  const connection = new ScriptedConnection();
  const to = replies.for(connection);
  to.received(100_000, 100_000);
  replies.safe(100_000);
  await to.settled();
  assertEquals(text(connection), "ok\n".repeat(100_000));
  assertEquals(connection.written.length <= 20, true, `${connection.written.length} writes`);
});

Deno.test("a producer that is gone holds nobody up", async () => {
  const replies = new SafeReplies(bytes("ok"));
  const gone = new ScriptedConnection();
  gone.write = () => Promise.reject(new Error("reset"));
  const [toGone, toOther] = [replies.for(gone), replies.for(new ScriptedConnection())];
  toGone.received(2, 2);
  toOther.received(1, 3);
  replies.safe(3);
  assertEquals(await isDone(toGone.settled()), true);
  assertEquals(await isDone(toOther.settled()), true);
});

Deno.test("a producer gets the consumer's answers to its own frames, and is done with the last one", async () => {
  const connection = new ScriptedConnection();
  const answers = new ForwardedAnswers(connection);
  answers.received(2, 12);
  await answers.forward(bytes("to an earlier producer"), 9, 0);
  await answers.forward(bytes("ten "), 10, 0);
  const settled = answers.settled();
  assertEquals(await isDone(settled), false);
  await answers.forward(bytes("eleven"), 11, 0);
  assertEquals(await isDone(settled), true);
  assertEquals(text(connection), "ten eleven");
});

Deno.test("where nobody can tell which is the last answer, a second of quiet after the last confirmation is the end", async () => {
  const connection = new ScriptedConnection();
  const answers = new ForwardedAnswers(connection);
  answers.received(1, 1);
  await answers.forward(bytes("hello"), undefined, 0);
  const settled = answers.settled();
  answers.check(0, 10_000); // not confirmed yet
  assertEquals(await isDone(settled), false);
  answers.check(1, 10_500);
  assertEquals(await isDone(settled), false);
  await answers.forward(bytes(" again"), undefined, 10_900);
  answers.check(1, 11_500);
  assertEquals(await isDone(settled), false);
  answers.check(1, 11_900);
  assertEquals(await isDone(settled), true);
  assertEquals(text(connection), "hello again");
});
