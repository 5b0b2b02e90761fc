/** A journal that cannot be read when a consumer connects: one line for as long as that lasts, and one for its end. */
import { assert, assertEquals } from "../support/assert.ts";
import { frames } from "./peers.ts";
import { FRAME_BYTES, VirtualRelay } from "./virtual_relay.ts";

Deno.test("that a journal cannot be read is said once, however many connections begin in vain", async () => {
  const rig = new VirtualRelay();
  const keys = ['journal.mode = "always"', 'target.rewind = "64KiB"'];
  const first = await rig.relay(...keys);
  (await rig.produce()).feed(frames(0, 1000, FRAME_BYTES));
  await rig.clock.advance(200);
  rig.consumers.at(-1)!.acknowledged = rig.consumers.at(-1)!.sent;
  await rig.clock.advance(1000);
  first.stop();
  await rig.clock.run(first.stopped);

  // Where the next process begins is asked of the journal.
  const again = await rig.relay(...keys);
  rig.files.plan = (operation) => operation === "open" ? { code: "EIO" } : undefined;
  const before = rig.consumers.length;
  rig.consumers.at(-1)!.end();
  await rig.clock.advance(20_000);
  assert(rig.consumers.length - before > 5, `${rig.consumers.length - before} connections`);
  assertEquals(rig.said("cannot find where to begin").length, 1);
  assertEquals(rig.said("known again").length, 0);
  rig.files.plan = () => undefined;
  await rig.clock.advance(5000);
  assertEquals(rig.said("it is known again where to begin").length, 1);
  assert(rig.said("target connected").at(-1)!.fields.frames_again !== 0);
  again.stop();
  again.hurry();
  await rig.clock.run(again.stopped);
});
