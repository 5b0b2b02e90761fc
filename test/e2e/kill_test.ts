/** kill -9 again and again in the middle: what the journal holds is delivered, in order. */
import { assert, assertEquals } from "../support/assert.ts";
import { createFramer } from "../../src/framing/create.ts";
import { scanJournal } from "../../src/journal/scan.ts";
import { denoRuntime } from "../../src/runtime/deno/runtime.ts";
import { loopback } from "../peers/address.ts";
import { frameFormat, type FrameKind } from "../peers/frames.ts";
import { produce } from "../peers/producer.ts";
import { freePorts } from "./rig/ports.ts";
import { scene } from "./rig/scene.ts";
import { pause, until } from "./rig/wait.ts";

const LINE_BYTES = 512;
const LINE: FrameKind = { kind: "line", size: LINE_BYTES };
const KILLS = 10;
/** Somewhat faster than the consumer, so that the journal always has a backlog. */
const PRODUCED_PER_SECOND = 50e6;
const CONSUMED_PER_SECOND = 40e6;
/** What a kill may repeat: 100 ms of confirmations (DESIGN 6), and what the kernel's largest send buffer has in flight. */
const REPEATED_BYTES_MAX = CONSUMED_PER_SECOND / 10 + 8 * 2 ** 20;

for (const sync of ["os", "each"]) {
  scene(
    `ten times kill -9 in the middle: everything that a scan finds in the journal arrives (sync = ${sync})`,
    async (scene) => {
      const [source, target] = freePorts(2);
      const directory = `${scene.directory}/journal`;
      const start = () =>
        scene.spillway([{
          name: "feed",
          source: { listen: `127.0.0.1:${source}` },
          target: { connect: `127.0.0.1:${target}`, retry_min: "10ms", retry_max: "100ms" },
          journal: { dir: directory, mode: "always", sync, segment_bytes: "4MiB" },
        }]).listening(source);
      const consumer = scene.consumer({ listen: loopback(target), frames: LINE, bytesPerSecond: CONSUMED_PER_SECOND });
      const stopProducer = new AbortController();
      scene.defer(() => stopProducer.abort());
      let relay = await start();
      const producing = produce(
        { connect: loopback(source), frames: LINE, count: 1e9, bytesPerSecond: PRODUCED_PER_SECOND, reconnect: true },
        stopProducer.signal,
      );

      const journaled = new Set<number>();
      let repeatsMost = 0;
      for (let kill = 1; kill <= KILLS; kill++) {
        const [frames, repeats] = [consumer.tally.frames, consumer.tally.repeats];
        await until("fresh frames arrive", () => consumer.tally.frames > frames + 2_000 || consumer.damage);
        await pause(Math.random() * 150); // any moment will do
        await relay.kill();
        for (const sequence of await framesIn(directory)) journaled.add(sequence);
        repeatsMost = Math.max(repeatsMost, consumer.tally.repeats - repeats);
        relay = await start();
      }
      stopProducer.abort();
      await producing;
      const last = [...journaled].reduce((most, sequence) => Math.max(most, sequence));
      await until("the last frame that a scan found", () => consumer.tally.has(last) || consumer.damage);
      assertEquals((await relay.stop()).code, 0);

      const lost = [...journaled].filter((sequence) => !consumer.tally.has(sequence));
      scene.note(`${journaled.size} frames found by ${KILLS} scans, ${consumer.tally.frames} delivered`);
      scene.note(`repeats: ${consumer.tally.repeats} in all, at most ${repeatsMost} after one kill`);
      assertEquals(consumer.damage, undefined, "bytes that are no frame");
      assertEquals(consumer.tally.connections.flatMap((connection) => connection.disorder), [], "disorder");
      assertEquals(lost.slice(0, 20), [], `${lost.length} frames were in the journal and never arrived`);
      const repeatedMax = Math.ceil(REPEATED_BYTES_MAX / LINE_BYTES);
      assert(repeatsMost <= repeatedMax, `one kill repeated ${repeatsMost} frames, ${repeatedMax} may be in flight`);
    },
  );
}

/** The producer's numbers of all frames in the journal, read as any tool would; damage is a failure here. */
async function framesIn(directory: string): Promise<number[]> {
  const framer = createFramer({ type: "line", delimiter: Uint8Array.of(10), maxFrame: 2 ** 20 });
  const format = frameFormat(LINE);
  const sequences: number[] = [];
  for await (const found of scanJournal(denoRuntime.files, directory, framer)) {
    if (found.kind === "damage") throw new Error(`kill -9 damaged ${found.segment} at ${found.offset}`);
    if (found.kind !== "record") continue;
    const { payload } = found;
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    for (let start = 0; start < payload.length; start += LINE_BYTES) {
      const frame = format.check(payload, view, start, payload.length);
      if (frame.size !== LINE_BYTES) throw new Error(`no frame at ${start} of the record at ${found.offset}`);
      sequences.push(frame.sequence);
    }
  }
  return sequences;
}
