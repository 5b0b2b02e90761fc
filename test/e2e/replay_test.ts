/** `spillway replay` and `cat` on the journal of a real run, against consumers that check every byte. */
import { frameFormat, type FrameKind } from "../peers/frames.ts";
import { loopback } from "../peers/address.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { segmentNames } from "./rig/journal_files.ts";
import { freePorts } from "./rig/ports.ts";
import type { Program } from "./rig/program.ts";
import { chosenRuntime, relayCommand } from "./rig/relay_command.ts";
import { assertInOrder, assertPerfect, type Scene, scene } from "./rig/scene.ts";
import type { Spillway } from "./rig/spillway.ts";
import { until } from "./rig/wait.ts";

const LINE: FrameKind = { kind: "line", size: 200 };
const LINES = 12_000;

interface Recording {
  readonly relay: Spillway;
  readonly directory: string;
  /** Where the consumer of the route would listen. */
  readonly target: number;
}

/** A relay with a backlog of several segments, whose consumer is away. */
async function record(scene: Scene, bytesPerSecond = 0, lines = LINES): Promise<Recording> {
  const [source, target] = freePorts(2);
  const directory = `${scene.directory}/journal`;
  const relay = await scene.spillway([{
    name: "feed",
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `127.0.0.1:${target}`, retry_max: "100ms" },
    journal: { dir: directory, mode: "always", segment_bytes: "1MiB" },
  }]).listening(source);
  const sent = await scene.producer({ connect: loopback(source), frames: LINE, count: lines, bytesPerSecond });
  assertEquals(sent.error, undefined, "the producer finished");
  await relay.saying(/source disconnected/);
  return { relay, directory, target };
}

function replay(scene: Scene, ...args: readonly string[]): Program {
  return scene.program("replay", [...relayCommand(chosenRuntime()), "replay", ...args]);
}

/** The bytes that the producer sent. */
function produced(lines: number): Uint8Array {
  const bytes = new Uint8Array(lines * 200);
  const format = frameFormat(LINE);
  for (let i = 0; i < lines; i++) format.write(bytes, i * 200, 0, i);
  return bytes;
}

async function cat(directory: string): Promise<Uint8Array> {
  const [program, ...args] = [...relayCommand(chosenRuntime()), "cat", directory];
  return (await new Deno.Command(program, { args }).output()).stdout;
}

scene("cat and replay give back what the producer sent, with the daemon running and without", async (scene) => {
  const { relay, directory } = await record(scene);
  const [port] = freePorts(1);
  for (const daemon of ["running", "stopped"]) {
    if (daemon === "stopped") assertEquals((await relay.stop()).code, 0);
    assertEquals(segmentNames(directory).length, 3);
    assertEquals(await cat(directory), produced(LINES), "the bytes of cat");
    const consumer = scene.consumer({ listen: loopback(port), frames: LINE });
    const program = replay(scene, directory, "--to", `127.0.0.1:${port}`);
    assertEquals(await program.exited, 0, program.tail());
    assertPerfect(consumer.report(LINES), LINES);
    await consumer.stop();
  }
});

scene(
  "a replay runs while the daemon delivers from the same directory, and removes what is delivered",
  async (scene) => {
    const lines = 40_000;
    const { relay, directory, target } = await record(scene, 0, lines);
    const [port] = freePorts(1);
    const copy = scene.consumer({ listen: loopback(port), frames: LINE });
    const program = replay(scene, directory, "--to", `127.0.0.1:${port}`, "--rate", "8MB/s");
    await until("the replay has begun", () => copy.tally.frames > 100);
    const consumer = scene.consumer({ listen: loopback(target), frames: LINE });
    await until("the daemon has delivered everything", () => consumer.tally.frames === lines);
    await until("and removed it", () => segmentNames(directory).length === 1);
    assertEquals(await program.exited, 0, program.tail());
    const report = copy.report(lines);
    assertEquals(report.damage, undefined);
    assertEquals(report.repeats, 0);
    // What was gone before its turn came was delivered by the daemon, and the replay says so.
    const said = program.errors.map((line) => /^note: frames (\d+) to (\d+): delivered/.exec(line))
      .filter((match) => match !== null).map(([, from, last]) => ({ from: Number(from), until: Number(last) + 1 }));
    scene.note(`removed before their turn came: ${report.missing.map(({ from, until }) => `${from} to ${until - 1}`)}`);
    assertEquals(report.missing, said);
    assert(said.length > 0, "nothing was removed early enough to show anything");
    assertPerfect(consumer.report(lines), lines);
    assertEquals((await relay.stop()).code, 0);
  },
);

scene(
  "a consumer that dies in the middle is connected to again, and with answers nothing is missing",
  async (scene) => {
    const { relay, directory } = await record(scene);
    await relay.stop();
    const [port] = freePorts(1);
    const consumer = scene.consumer({ listen: loopback(port), frames: LINE, answers: true, bytesPerSecond: 4e6 });
    const args = ["--to", `127.0.0.1:${port}`, "--confirm", "reply", "--reply-framing", "line", "--window", "512"];
    const program = replay(scene, directory, ...args);
    for (let death = 1; death <= 3; death++) {
      await until("some lines", () => (consumer.tally.connections[death - 1]?.frames ?? 0) > 1_000 || consumer.damage);
      await consumer.reset();
    }
    consumer.pace(0);
    assertEquals(await program.exited, 0, program.tail());
    const report = consumer.report(LINES);
    scene.note(`repeats: ${report.repeats}`);
    assertInOrder(report);
    assertEquals(report.missing, []);
    assert(report.repeats <= 3 * 512, `${report.repeats} repeats, 3 windows of 512 were in flight`);
  },
);

scene(
  "without answers a consumer that dies loses what its kernel had and it had not read, and no more",
  async (scene) => {
    const { relay, directory } = await record(scene, 0, 60_000);
    await relay.stop();
    const [port] = freePorts(1);
    const consumer = scene.consumer({ listen: loopback(port), frames: LINE, bytesPerSecond: 2e6 });
    const program = replay(scene, directory, "--to", `127.0.0.1:${port}`);
    await until("some lines", () => consumer.tally.frames > 500 || consumer.damage);
    const { unreadBytes, unfinishedBytes } = await consumer.reset();
    consumer.pace(0);
    assertEquals(await program.exited, 0, program.tail());
    const report = consumer.report(60_000);
    assertInOrder(report);
    const missing = report.missing.reduce((sum, range) => sum + range.until - range.from, 0);
    scene.note(`${missing} lines missing, ${unreadBytes} bytes were received and not read`);
    assert(missing * 200 <= unreadBytes + unfinishedBytes, `${missing} lines are missing`);
    assertEquals(report.repeats, 0, "what its kernel had acknowledged is not sent again");
  },
);

for (const signal of ["SIGKILL", "SIGTERM"] as const) {
  scene(`a replay that ${signal} ends in the middle goes on where the confirmed part ended`, async (scene) => {
    const { relay, directory } = await record(scene);
    await relay.stop();
    const [port] = freePorts(1);
    const consumer = scene.consumer({ listen: loopback(port), frames: LINE });
    const progress = `${scene.directory}/progress`;
    const args = [directory, "--to", `127.0.0.1:${port}`, "--progress-file", progress, "--rate", "4MB/s"];
    for (let run = 1; run <= 2; run++) {
      const before = consumer.tally.frames;
      const program = replay(scene, ...args);
      await until("some more lines", () => consumer.tally.frames > before + 2_000);
      program.signal(signal);
      assertEquals(await program.exited, signal === "SIGKILL" ? 137 : 130, program.tail());
      if (signal === "SIGTERM") assert(program.errors.some((line) => /^stopped before frame \d+: the same/.test(line)));
    }
    const { next } = JSON.parse(Deno.readTextFileSync(progress));
    assert(next > 1_000 && next < LINES, `confirmed up to ${next}`);
    const last = replay(scene, ...args);
    assertEquals(await last.exited, 0, last.tail());
    const report = consumer.report(LINES);
    scene.note(`repeats: ${report.repeats}`);
    assertInOrder(report);
    assertEquals(report.missing, []);
    // A kill costs 100 ms at 4 MB/s and what was in flight; a stop knows to the frame what the consumer's kernel has.
    assert(report.repeats < 2 * (signal === "SIGKILL" ? 4_000 : 200), `${report.repeats} repeats`);
    const again = replay(scene, ...args);
    assertEquals(await again.exited, 0);
    assert(again.errors[0].startsWith("nothing to send: "), again.tail());
    assertEquals(consumer.tally.repeats, report.repeats, "a finished replay sends nothing");
  });
}

scene("a recording of 0.7 s takes as long at 1x, half as long at 2x, and a rate holds", async (scene) => {
  const lines = 6_000;
  const { relay, directory } = await record(scene, 1.6e6, lines);
  await relay.stop();
  const [port] = freePorts(1);
  const seconds = async (...args: readonly string[]) => {
    const consumer = scene.consumer({ listen: loopback(port), frames: LINE });
    const program = replay(scene, directory, "--to", `127.0.0.1:${port}`, ...args);
    assertEquals(await program.exited, 0, program.tail());
    assertPerfect(consumer.report(lines), lines);
    await consumer.stop();
    return consumer.report().elapsedMs / 1000;
  };
  const recorded = spanOf(directory);
  const [once, twice, rated] = [
    await seconds("--speed", "1x"),
    await seconds("--speed", "2x"),
    await seconds("--rate", "2MB/s"),
  ];
  const shown = [recorded, once, twice, rated].map((value) => value.toFixed(3));
  scene.note(`recorded ${shown[0]} s; 1x ${shown[1]} s, 2x ${shown[2]} s; 1.2 MB at 2 MB/s ${shown[3]} s`);
  const near = (value: number, expected: number) => Math.abs(value - expected) < 0.1 * expected + 0.05;
  assert(near(once, recorded), `1x took ${once} s`);
  assert(near(twice, recorded / 2), `2x took ${twice} s`);
  assert(near(rated, lines * 200 / 2e6), `1.2 MB at 2 MB/s took ${rated} s`);
});

/** Seconds from the first record to the last, as `ls` says. */
function spanOf(directory: string): number {
  const [program, ...args] = [...relayCommand(chosenRuntime()), "ls", "--json", directory];
  const lines = new TextDecoder().decode(new Deno.Command(program, { args }).outputSync().stdout).trim().split("\n");
  const rows = lines.map((line) => JSON.parse(line) as { first_time: string; last_time: string });
  return (Date.parse(rows.at(-1)!.last_time) - Date.parse(rows[0].first_time)) / 1000;
}
