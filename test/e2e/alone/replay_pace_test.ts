/** `spillway replay --speed` and `--rate` against the clock. */
import { loopback } from "../../peers/address.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { freePorts } from "../rig/ports.ts";
import { LINE, record, replay } from "../rig/recording.ts";
import { chosenRuntime, relayCommand } from "../rig/relay_command.ts";
import { assertPerfect, scene } from "../rig/scene.ts";

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
