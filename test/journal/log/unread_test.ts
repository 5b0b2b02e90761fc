/** What the cursor file says of frames that the consumer's program may not have read. */
import { assertEquals } from "../../support/assert.ts";
import { MemoryFiles } from "../../support/memory_files.ts";
import { lines, ManualClock, open, run, settle } from "../support/rig.ts";

Deno.test("frames that no kernel has any more are written down at once, the rest within 100 ms", async () => {
  const files = new MemoryFiles();
  const clock = new ManualClock();
  const journal = await open(files, { clock });
  await journal.append([run(0, lines(0, 50))]);
  const unreadAfterKill = async () => {
    await settle();
    const next = await open(files.afterCrash(), { clock });
    const { cursor, unreadFrom, recovery: { unreadFrames } } = next;
    return { cursor, unreadFrom, unreadFrames };
  };
  // The consumer's kernel has all of it.
  journal.confirm(50, { from: 20, resendFrom: 50 });
  assertEquals(await unreadAfterKill(), { cursor: 0, unreadFrom: 0, unreadFrames: 0 });
  await clock.advance(100);
  assertEquals(await unreadAfterKill(), { cursor: 50, unreadFrom: 50, unreadFrames: 30 });
  // The consumer is gone.
  journal.confirm(50, { from: 20, resendFrom: 20 });
  assertEquals(await unreadAfterKill(), { cursor: 50, unreadFrom: 20, unreadFrames: 0 });
  // The next one has got some of it.
  journal.confirm(50, { from: 20, resendFrom: 31 });
  await clock.advance(100);
  assertEquals(await unreadAfterKill(), { cursor: 50, unreadFrom: 31, unreadFrames: 11 });
  await journal.close();
});
