/** Connections that read beside each other on Bun: how much in one turn of the event loop, and in which order. */
import { ReadingTurns, type ReadsInTurn } from "../../src/runtime/bun/reading_turn.ts";
import { assert, assertEquals } from "../support/assert.ts";

const TURN_BYTES = 512 * 1024;

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Has `left` bytes to read, a part of a turn at a time. */
function reader(turns: ReadingTurns, name: string, left: number, log: string[]): ReadsInTurn {
  const self = {
    readInTurn() {
      log.push(name);
      const bytes = Math.min(left, TURN_BYTES / 2);
      left -= bytes;
      turns.count(bytes);
      if (left > 0) turns.wait(self);
    },
  };
  return self;
}

Deno.test("all connections together read half a MiB in a turn, one after the other in the order in which they came", async () => {
  const turns = new ReadingTurns();
  const log: string[] = [];
  const [a, b, c] = ["a", "b", "c"].map((name) => reader(turns, name, TURN_BYTES, log));
  for (const each of [a, b, c]) turns.wait(each);
  await nextTurn();
  assertEquals(log, ["a", "b"]);
  assert(turns.isOver);
  await nextTurn();
  assertEquals(log, ["a", "b", "c", "a"]);
  turns.leave(b);
  await nextTurn();
  assertEquals(log, ["a", "b", "c", "a", "c"]);
  await nextTurn();
  assert(!turns.isOver, "a turn in which nothing is read leaves nothing behind");
  await nextTurn();
  assertEquals(log.length, 5, "nothing is read when nobody waits");
});

Deno.test("one that reads outside of its turn uses up the others' turn, until the event loop has done other work", async () => {
  const turns = new ReadingTurns();
  turns.count(TURN_BYTES - 1);
  assert(!turns.isOver);
  turns.count(1);
  assert(turns.isOver);
  await nextTurn();
  assert(!turns.isOver);
});
