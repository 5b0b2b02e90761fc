/**
 * The memory of the whole process when crowds of producers that are not read
 * are reset: what their kernels hold is not memory of the process, and all of it that a
 * kernel still gives is delivered once there is room.
 */
import { askStatus } from "../../../src/admin/client.ts";
import { denoRuntime } from "../../../src/runtime/deno/runtime.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { connectTo, loopback } from "../../peers/address.ts";
import { frameFormat, type FrameKind } from "../../peers/frames.ts";
import { freePorts } from "../rig/ports.ts";
import { assertInOrder, type Scene, scene } from "../rig/scene.ts";
import { until } from "../rig/wait.ts";

const LINE: FrameKind = { kind: "line", size: 4_000 };
const MIB = 2 ** 20;
const MEMORY_MIB = 16;
/** What the process may have beside its size when idle and `memory.max_bytes`: chunks, garbage, and an amount for each connection. */
const BESIDE_MIB = 120;
const CONNECTION_MIB = 0.06;
/** Frames of each connection that pass through at first: a kernel takes much only where its reader has read much. */
const FIRST = 100;
/** And that are sent while nothing reads: a megabyte. */
const MORE = 250;
/** A good producer comes when the crowd has been reset, and all that it left is still to be read. */
const GOOD = 9_999;
const GOOD_FRAMES = 20;
const GOOD_MS_MAX = 3_000;
/** For the soak: a larger crowd, too. */
const FULL = Deno.env.get("SPILLWAY_ENDS_FULL") === "1";

for (const size of FULL ? [1_000, 3_000] : [1_000]) {
  scene(
    `${size} connections of a megabyte each that are reset while reading is paused take no memory`,
    async (scene) => {
      const [source, target] = freePorts(2);
      const relay = await scene.spillway([{
        name: "feed",
        framing: { type: "line", max_frame: "16KiB" },
        source: { listen: `127.0.0.1:${source}`, max_connections: size + 10 },
        target: { connect: `127.0.0.1:${target}`, retry_min: "10ms", retry_max: "50ms" },
        memory: { max_bytes: `${MEMORY_MIB}MiB` },
        journal: { dir: `${scene.directory}/journal`, segment_bytes: "1MiB", max_bytes: "8MiB", when_full: "block" },
      }]).listening(source);
      const idle = relay.memory()!.residentBytes;
      const consumer = scene.consumer({ listen: loopback(target), frames: LINE });
      const crowd = scene.peer("reset_crowd", {
        connect: loopback(source),
        frames: LINE,
        size,
        first: FIRST,
        more: MORE,
      });
      await crowd.json(0);
      const first = size * FIRST;
      const arrived = (frames: number) => () => consumer.tally.frames >= frames || consumer.damage;
      await until("what the crowd sent at first", arrived(first), { timeoutMs: 120_000 });
      const busy = relay.memory()!.peakBytes;

      consumer.freeze();
      crowd.signal("SIGUSR2");
      const { taken } = await crowd.json<{ taken: number }>(1);
      await relay.saying(/the journal has no room, frames wait in memory/);
      crowd.signal("SIGTERM");
      const { reset } = await crowd.json<{ reset: number }>(2);
      assert(reset > size * 0.9, `${reset} were reset`);
      const peak = await until("the relay has had time to notice", settled(() => relay.memory()!.peakBytes));

      consumer.thaw();
      const good = await connectTo(loopback(source));
      scene.defer(() => good.close());
      const format = frameFormat(LINE);
      const frame = new Uint8Array(format.sizeMax);
      let slowest = 0;
      for (let i = 0; i < GOOD_FRAMES; i++) {
        format.write(frame, 0, GOOD, i);
        const began = performance.now();
        for (let from = 0; from < frame.length;) from += await good.write(frame.subarray(from));
        await until(`the good producer's frame ${i}`, () => consumer.tally.has(i, GOOD) || consumer.damage, {
          everyMs: 2,
        });
        slowest = Math.max(slowest, performance.now() - began);
      }
      await until("all that was reset is read", async () => await connections(scene) === 1, {
        timeoutMs: 180_000,
        everyMs: 200,
      });
      const after = relay.memory()!.peakBytes;
      const more = consumer.tally.frames - first - GOOD_FRAMES;
      scene.note(
        `MiB resident: ${mib(idle)} idle, ${mib(busy)} at most with ${mib(first * format.sizeMax)} passing through, ` +
          `${mib(peak)} at the reset of ${mib(taken)} unread, ${mib(after)} in the end; ` +
          `${mib(more * format.sizeMax)} of it delivered; a good producer's slowest frame took ${
            slowest.toFixed(0)
          } ms`,
      );
      const most = mib(idle) + MEMORY_MIB + BESIDE_MIB + size * CONNECTION_MIB;
      assert(mib(after) <= most, `${mib(after)} MiB, at most ${most} were expected`);
      assert(slowest < GOOD_MS_MAX, `${slowest} ms`);
      good.close();
      assertEquals((await relay.stop()).code, 0);
      assertInOrder(consumer.report());
    },
  );
}

/** Producers that are connected, as the daemon tells. */
async function connections(scene: Scene): Promise<number | null | undefined> {
  const asked = await askStatus(denoRuntime.net, `${scene.directory}/journal`);
  return asked.kind === "answered" ? asked.answer.source_connections : undefined;
}

/** The bytes once they have been the same, but for a MiB, for two seconds: what is idle makes a little garbage, too. */
function settled(read: () => number): () => number | undefined {
  let [last, sinceMs] = [-1, performance.now()];
  return () => {
    const now = read();
    if (Math.abs(now - last) > MIB) [last, sinceMs] = [now, performance.now()];
    return performance.now() - sinceMs > 2_000 ? now : undefined;
  };
}

function mib(bytes: number): number {
  return Math.round(bytes / MIB);
}
