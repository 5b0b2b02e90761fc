/** `spillway replay` and `cat` on the journal of a real run, against consumers that check every byte. */
import { frameFormat } from "../peers/frames.ts";
import { loopback } from "../peers/address.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { segmentNames } from "./rig/journal_files.ts";
import { freePorts } from "./rig/ports.ts";
import { LINE, LINES, record, replay } from "./rig/recording.ts";
import { chosenRuntime, relayCommand } from "./rig/relay_command.ts";
import { assertInOrder, assertPerfect, scene } from "./rig/scene.ts";
import { until } from "./rig/wait.ts";

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
    // Without `rewind` the daemon keeps nothing of what is confirmed.
    const { relay, directory, target } = await record(scene, 0, lines, { rewind: "0B" });
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
  "without answers a consumer that dies is sent again what its kernel had and it had not read",
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
    scene.note(`${unreadBytes} bytes were received and not read, ${report.repeats} lines came again`);
    assert(unreadBytes + unfinishedBytes > 0, "it had read everything: the test shows nothing");
    assertEquals(report.missing, []);
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
      await until("some more lines", () => consumer.tally.frames > before + 4_000);
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
