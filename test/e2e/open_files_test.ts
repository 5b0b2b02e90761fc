/** More producers than there are descriptors for: those that have a place are served as ever. */
import { loopback } from "../peers/address.ts";
import { Crowd } from "../peers/crowd.ts";
import type { FrameKind } from "../peers/frames.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { segmentNames } from "./rig/journal_files.ts";
import { freePorts } from "./rig/ports.ts";
import { chosenRuntime, relayCommand } from "./rig/relay_command.ts";
import { scene } from "./rig/scene.ts";
import { until } from "./rig/wait.ts";

const CROWD = 100;
const LINE: FrameKind = { kind: "line", size: 512 };
const LINES = 40_000;

scene("with 64 descriptors and 100 producers, journal, consumer and status have what they need", async (scene) => {
  const [source, target] = freePorts(2);
  const journal = `${scene.directory}/journal`;
  const relay = await scene.spillway([{
    name: "feed",
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `127.0.0.1:${target}`, retry_max: "200ms" },
    journal: { dir: journal, mode: "always", segment_bytes: "1MiB" },
  }], { inside: ["bash", "-c", 'ulimit -n 64; exec "$@"', "bash"] }).listening(source);
  await relay.saying(/found a limit of 64 open files/);

  const producing = scene.producer({ connect: loopback(source), frames: LINE, count: LINES, bytesPerSecond: 5e6 });
  await relay.saying(/source connected/);
  const crowd = await new Crowd({ connect: loopback(source), size: CROWD, begin: new Uint8Array() }).start();
  scene.defer(() => crowd.stop());
  await relay.saying(/source connection refused.*ulimit/);
  await until("all that find no place are closed", () => crowd.ended >= CROWD - 64);
  const cpuBefore = relay.cpuSeconds()!;

  let consumer = scene.consumer({ listen: loopback(target), frames: LINE });
  await until("a consumer is served while they stay", () => consumer.tally.frames > LINES / 10);
  await consumer.stop();
  consumer = scene.consumer({ listen: loopback(target), frames: LINE });
  assertEquals((await producing).error, undefined);
  await until("and another one, that comes after it, too", () => consumer.tally.end() === LINES);
  assert(segmentNames(journal).length > 0);
  const status = async () => {
    const program = scene.program("status", [...relayCommand(chosenRuntime()), "status", "--json", journal]);
    assertEquals(await program.exited, 0, program.tail());
    return JSON.parse(program.output.join("\n")).routes[0];
  };
  const route = await status();
  // Some of the crowd come late, and all that are there by now know their fate.
  const refused = crowd.ended;
  assertEquals([route.from, route.source_refused_connections], ["daemon", refused]);
  const lines = relay.logged(/source connections? refused/).length;
  assert(lines <= 3, `${lines} lines about ${refused} connections`);
  assertEquals(relay.logged(/cannot|EMFILE|too many/).filter((line) => !/cannot connect/.test(line)), []);
  scene.note(`${refused} of ${CROWD} refused; ${(relay.cpuSeconds()! - cpuBefore).toFixed(2)} s of CPU`);
  crowd.stop();
  await until("their places are free again", async () => (await status()).source_connections === 0);
  assertEquals(
    (await scene.producer({ connect: loopback(source), frames: LINE, first: LINES, count: 10 })).error,
    undefined,
  );
  await until("who comes later is served", () => consumer.tally.end() === LINES + 10);
  assertEquals((await relay.stop()).code, 0);
});
