/** Only connections on which something was sent decide how slowly the next one begins. */
import { assert } from "../support/assert.ts";
import { frames } from "./peers.ts";
import { FRAME_BYTES, VirtualRelay } from "./virtual_relay.ts";

Deno.test("connections on which nothing was sent do not make the next one begin slowly", async () => {
  const rig = new VirtualRelay();
  const relay = await rig.relay();
  for (let i = 0; i < 5; i++) {
    await rig.clock.advance(2_000);
    rig.consumers.at(-1)!.end();
  }
  await rig.clock.advance(2_000);
  (await rig.produce()).feed(frames(0, 1000, FRAME_BYTES));
  await rig.clock.advance(300);
  const { sent } = rig.consumers.at(-1)!;
  assert(sent > 300 * FRAME_BYTES, `${sent} bytes were sent in 300 ms`);
  relay.stop();
  relay.hurry();
  await rig.clock.run(relay.stopped);
});
