/** How carefully a connection begins is decided by connections on which something was sent. */
import { assert } from "../support/assert.ts";
import { frames } from "./peers.ts";
import { FRAME_BYTES, Stage } from "./stage.ts";

Deno.test("connections on which nothing was sent do not make the next one slow", async () => {
  const stage = new Stage();
  const relay = await stage.relay();
  for (let i = 0; i < 5; i++) {
    await stage.clock.advance(2_000);
    stage.consumers.at(-1)!.end();
  }
  await stage.clock.advance(2_000);
  (await stage.produce()).feed(frames(0, 1000, FRAME_BYTES));
  await stage.clock.advance(300);
  const { sent } = stage.consumers.at(-1)!;
  assert(sent > 300 * FRAME_BYTES, `${sent} bytes were sent in 300 ms`);
  relay.stop();
  relay.hurry();
  await stage.clock.run(relay.stopped);
});
