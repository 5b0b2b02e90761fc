/** Who gets the buffer that a route's connections share: a few keep one, all others have it in turns. */
import { BufferPool } from "../../src/base/buffer.ts";
import { SharedBuffer } from "../../src/source/shared_buffer.ts";
import { assert, assertEquals } from "../support/assert.ts";

const BUFFER_BYTES = 1024;

function shared(buffers: number, kept: number): { readonly pool: BufferPool; readonly shared: SharedBuffer } {
  const maxBytes = buffers * BUFFER_BYTES;
  const pool = new BufferPool({ maxBytes, bufferBytes: BUFFER_BYTES, reserveBytes: 0, frameBytes: 0 });
  return { pool, shared: new SharedBuffer(pool, kept * BUFFER_BYTES) };
}

/** One that wants the turn and notes in `log` when it has come, or that it never will. */
function queue(shared: SharedBuffer, name: string, log: string[]): object {
  const owner = { name };
  shared.nextTurn(owner).then((isTurn) => log.push(isTurn ? name : `${name} left`));
  return owner;
}

Deno.test("turns come in the order in which they were asked for, and one that leaves is passed over", async () => {
  const { shared: buffer } = shared(4, 1);
  const log: string[] = [];
  assert(buffer.takeTurn() && !buffer.takeTurn(), "one has the turn");
  assert(!buffer.isWanted);
  const [, second] = ["a", "b", "c"].map((name) => queue(buffer, name, log));
  buffer.leave(second);
  for (let turn = 0; turn < 3; turn++) {
    const lease = buffer.leaseForTurn()!;
    assert(lease.isTurn);
    assertEquals(buffer.isWanted, turn < 2);
    buffer.giveBack(lease, lease.fill);
    await Promise.resolve();
  }
  assertEquals(log, ["b left", "a", "c"]);
  assert(buffer.takeTurn(), "nobody has the turn any more");
});

Deno.test("a turn in which there is no memory goes on to the next one", async () => {
  const { pool, shared: buffer } = shared(1, 1);
  const log: string[] = [];
  const taken = pool.take()!;
  assert(buffer.takeTurn());
  queue(buffer, "next", log);
  assertEquals(buffer.leaseForTurn(), undefined);
  buffer.endTurn();
  await Promise.resolve();
  assertEquals(log, ["next"]);
  taken.release();
  assert(buffer.leaseForTurn() !== undefined);
});

Deno.test("kept buffers have a limit of their own, and turns go on while it is reached", () => {
  const { pool, shared: buffer } = shared(8, 2);
  const kept = [buffer.keep()!, buffer.keep()!];
  assertEquals(buffer.keep(), undefined);
  assert(buffer.takeTurn());
  const turn = buffer.leaseForTurn()!;
  const next = buffer.exchange(turn, BUFFER_BYTES)!;
  assertEquals([next.isTurn, next.fill], [true, 0]);
  const run = next.buffer.retain();
  buffer.giveBack(next, 100);
  const again = buffer.exchange(kept[0], BUFFER_BYTES)!;
  assertEquals(buffer.keep(), undefined, "an exchange keeps no more than before");
  buffer.giveBack(again, BUFFER_BYTES);
  buffer.giveBack(kept[1], BUFFER_BYTES);
  const lease = buffer.keep()!;
  assertEquals([lease.buffer, lease.fill], [next.buffer, 100], "what was free in it serves the next one");
  buffer.giveBack(lease, BUFFER_BYTES);
  buffer.close();
  run.release();
  assertEquals(pool.usedBytes, 0);
});
