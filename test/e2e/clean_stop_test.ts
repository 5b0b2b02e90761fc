/** SIGTERM while much is in memory and the consumer is frozen: nothing that was read is lost. */
import { askStatus } from "../../src/admin/client.ts";
import type { RouteStatus } from "../../src/admin/status.ts";
import { denoRuntime } from "../../src/runtime/deno/runtime.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { loopback } from "../peers/address.ts";
import type { FrameKind } from "../peers/frames.ts";
import { TCP_ESTABLISHED, tcpRows } from "../peers/kernel_queues.ts";
import { Injection } from "./rig/injection.ts";
import { freePorts } from "./rig/ports.ts";
import { assertInOrder, scene } from "./rig/scene.ts";
import { steady, until, WaitError } from "./rig/wait.ts";

const FRAME_BYTES = 100;
const FRAMES: FrameKind = { kind: "line", size: FRAME_BYTES };
const COUNT = 50_000;
/** What memory holds while everything is unconfirmed; far below the half at which it would spill. */
const MEMORY = "32MiB";

for (const mode of ["overflow", "always"]) {
  scene(`SIGTERM with 50,000 frames in memory and a frozen consumer loses no frame (${mode})`, async (scene) => {
    const [source, target] = freePorts(2);
    const routes = [{
      name: "feed",
      source: { listen: `127.0.0.1:${source}` },
      target: { connect: `127.0.0.1:${target}` },
      memory: { max_bytes: MEMORY },
      journal: { dir: `${scene.directory}/journal`, mode },
    }];
    const consumer = scene.consumer({ listen: loopback(target), frames: FRAMES, frozen: true });
    const first = await scene.spillway(routes).listening(source);
    await until("the consumer is connected", () => consumer.tally.connections.length === 1);
    const sent = await scene.producer({ connect: loopback(source), frames: FRAMES, count: COUNT, stallLimitMs: 300 });
    assertEquals(sent.error, undefined);
    const inFlight = await steady("what is in flight", () => writtenAndNotAcknowledged(target));
    const unread = acknowledgedAndNotRead(target);

    const stopped = await first.stop();
    scene.note(`stopped in ${stopped.seconds.toFixed(2)} s with ${inFlight} B in flight, ${unread} B not read`);
    assertEquals(stopped.code, 0, "exit code");
    assert(stopped.seconds < 5, `a clean stop takes at most 5 s, not ${stopped.seconds}`);

    const second = await scene.spillway(routes).listening(source);
    consumer.thaw();
    await until("everything is there", () => consumer.tally.end() === COUNT || consumer.damage);
    assertEquals((await second.stop()).code, 0);
    const report = consumer.report(COUNT);
    assertInOrder(report);
    assertEquals(report.missing, [], "missing");
    const bound = Math.ceil((inFlight + unread) / FRAME_BYTES) + 1;
    scene.note(`repeats: ${report.repeats} frames, ${bound} were in flight or not read`);
    assert(report.repeats <= bound, `${report.repeats} frames came twice, ${bound} were in flight or not read`);
  });
}

scene("a stop keeps its 5 s with all that it can wait for due at once, and loses nothing", async (scene) => {
  const [source, target] = freePorts(2);
  const journal = `${scene.directory}/journal`;
  const routes = [{
    name: "feed",
    source: { listen: `127.0.0.1:${source}`, reply: "ok" },
    target: { connect: `127.0.0.1:${target}` },
    memory: { max_bytes: MEMORY },
    journal: { dir: journal, mode: "always" },
  }];
  const consumer = scene.consumer({ listen: loopback(target), frames: FRAMES, frozen: true });
  Deno.mkdirSync(journal);
  const faults = (["fsync", "fdatasync"] as const).map((kind) => ({ kind, nth: 1, fault: { do: "hang" as const } }));
  const injection = new Injection(scene.directory, { under: journal, faults });
  injection.end();
  const first = await scene.spillway(routes, { injection }).listening(source);
  await until("the consumer is connected", () => consumer.tally.connections.length === 1);
  await scene.producer({ connect: loopback(source), frames: FRAMES, count: COUNT, answerBytes: "ok".length });
  // One that takes no answer and never closes.
  const silent = await Deno.connect({ hostname: "127.0.0.1", port: source });
  scene.defer(() => silent.close());
  await silent.write(new TextEncoder().encode("the beginning of a frame"));
  await until("all is read", async () => {
    const { source_connections, received_frames } = await statusOf(journal);
    return source_connections === 1 && received_frames === COUNT;
  });

  injection.begin();
  const stopped = await first.stop();
  scene.note(`stopped in ${stopped.seconds.toFixed(2)} s, ${injection.hits.length} syncs hang`);
  assertEquals(stopped.code, 0, "exit code");
  assert(stopped.seconds < 5, `a clean stop takes at most 5 s, not ${stopped.seconds}`);
  assert(injection.hits.length > 0, "no sync was met");
  assertEquals(first.logged(/"the last sync does not come to an end/).length, 1);

  const second = await scene.spillway(routes).listening(source);
  assertEquals(second.logged(/did not stop cleanly/), []);
  consumer.thaw();
  await until("everything is there", () => consumer.tally.end() === COUNT || consumer.damage);
  assertEquals((await second.stop()).code, 0);
  assertEquals(consumer.report(COUNT).missing, [], "missing");
}, ["ptrace"]);

async function statusOf(journal: string): Promise<RouteStatus> {
  const asked = await askStatus(denoRuntime.net, journal);
  if (asked.kind !== "answered") throw new WaitError(`the daemon does not answer: ${asked.kind}`);
  return asked.answer as RouteStatus;
}

/** What the consumer's kernel holds for it. */
function acknowledgedAndNotRead(consumerPort: number): number {
  return tcpRows().find((row) => row.localPort === consumerPort && row.state === TCP_ESTABLISHED)?.rxQueue ?? 0;
}

function writtenAndNotAcknowledged(consumerPort: number): number {
  const row = tcpRows().find((row) => row.remotePort === consumerPort && row.state === TCP_ESTABLISHED);
  return row?.txQueue ?? 0;
}
