/** `cat --follow` beside a relay that comes, is killed, comes back, delivers and stops. */
import { askStatus } from "../../src/admin/client.ts";
import { denoRuntime } from "../../src/runtime/deno/runtime.ts";
import { loopback } from "../peers/address.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { finish } from "./cli/program.ts";
import { freePorts } from "./rig/ports.ts";
import type { Program } from "./rig/program.ts";
import { journaled, LINE } from "./rig/recording.ts";
import { chosenRuntime, relayCommand } from "./rig/relay_command.ts";
import { type Scene, scene } from "./rig/scene.ts";
import { until } from "./rig/wait.ts";

const LINES = 600;

function follow(scene: Scene, ...flags: readonly string[]): Program {
  const command = [...relayCommand(chosenRuntime()), "cat", "--follow", ...flags, `${scene.directory}/journal`];
  return scene.program("cat", command);
}

function routeOf(scene: Scene, source: number, target: number, retain: string) {
  return {
    name: "feed",
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `127.0.0.1:${target}`, retry_max: "100ms" },
    journal: { dir: `${scene.directory}/journal`, mode: "always", segment_bytes: "64KiB", retain },
  };
}

const numbers = (from: number, until: number) => Array.from({ length: until - from }, (_, i) => from + i);

scene(
  "cat --follow begins before the journal and goes on over kill -9 and a restart, each frame once",
  async (scene) => {
    const [source, target] = freePorts(2);
    const routes = [routeOf(scene, source, target, "1h")];
    const all = follow(scene, "--format", "text");
    const some = follow(scene, "--format", "json", "--from", "100", "--limit", "1300");
    const send = async (linesSoFar: number) => {
      await scene.producer({ connect: loopback(source), frames: LINE, count: LINES });
      await until(`${linesSoFar} lines are printed`, () => all.output.length >= linesSoFar);
    };
    const first = await scene.spillway(routes).listening(source);
    await send(LINES);
    await journaled(`${scene.directory}/journal`, LINES);
    await first.kill();
    const second = await scene.spillway(routes).listening(source);
    await send(2 * LINES);
    scene.consumer({ listen: loopback(target), frames: LINE });
    await send(3 * LINES);
    assertEquals((await second.stop()).code, 0);
    assertEquals(await some.exited, 0);
    assertEquals(some.output.map((line) => JSON.parse(line).sequence), numbers(100, 1400));
    all.signal("SIGTERM");
    assertEquals(await all.exited, 0);
    assertEquals(all.output.map((line) => Number(line.split(" ")[0])), numbers(0, 3 * LINES));
    assertEquals([...all.errors, ...some.errors], []);
  },
);

scene(
  "frames that are delivered and removed under cat --follow are printed or named, and Ctrl-C ends it with 130",
  async (scene) => {
    const [source, target] = freePorts(2);
    const relay = await scene.spillway([routeOf(scene, source, target, "0s")]).listening(source);
    scene.consumer({ listen: loopback(target), frames: LINE });
    const cat = follow(scene, "--format", "text");
    const covered = () => {
      const printed = cat.output.map((line) => Number(line.split(" ")[0]));
      const named = cat.errors.flatMap((line) => {
        const [, from, until = from] = /: frames? (\d+)(?: to (\d+))?: delivered and removed/.exec(line) ?? [];
        assert(from !== undefined, line);
        return numbers(Number(from), Number(until) + 1);
      });
      return [...printed, ...named].sort((a, b) => a - b);
    };
    await scene.producer({ connect: loopback(source), frames: LINE, count: LINES });
    // What was removed before it began to follow is no concern of it; the newest segment never is.
    await until("it follows", () => cat.output.length > 0);
    const begin = covered()[0];
    for (let sent = 2 * LINES; sent <= 3 * LINES; sent += LINES) {
      await scene.producer({ connect: loopback(source), frames: LINE, count: LINES });
      await until("all is delivered", async () => {
        const asked = await askStatus(denoRuntime.net, `${scene.directory}/journal`);
        return asked.kind === "answered" && asked.answer.cursor === sent;
      });
    }
    await until("the last line is printed", () => covered().at(-1) === 3 * LINES - 1);
    assertEquals(covered(), numbers(begin, 3 * LINES));
    cat.signal("SIGINT");
    assertEquals(await cat.exited, 130);
    assertEquals((await relay.stop()).code, 0);
  },
);

scene("a reader that closes the pipe ends cat --follow quietly with the next frame", async (scene) => {
  const [source, target] = freePorts(2);
  const relay = await scene.spillway([routeOf(scene, source, target, "1h")]).listening(source);
  const words = [...relayCommand(chosenRuntime()), "cat", "--follow", `${scene.directory}/journal`];
  const piped = finish(["bash", "-c", '"$@" | head -1 | wc -l; echo "${PIPESTATUS[@]}"', "-", ...words], {
    env: { PATH: "/usr/bin:/bin" },
  });
  let isOver = false;
  piped.finally(() => isOver = true);
  while (!isOver) await scene.producer({ connect: loopback(source), frames: LINE, count: 10 });
  const { stdout, stderr } = await piped;
  assertEquals([stdout, stderr], ["1\n0 0 0\n", ""]);
  assertEquals((await relay.stop()).code, 0);
});
