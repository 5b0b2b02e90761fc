/** The journal's directory: absent, removed while the daemon runs, owned by another user, or of no route any more. */
import { connectTo, loopback } from "../peers/address.ts";
import type { FrameKind } from "../peers/frames.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { freePorts } from "./rig/ports.ts";
import { chosenRuntime, relayCommand } from "./rig/relay_command.ts";
import { type Scene, scene } from "./rig/scene.ts";
import { toToml } from "./rig/config.ts";
import { until } from "./rig/wait.ts";

const LINE: FrameKind = { kind: "line", size: 100 };

async function spillway(scene: Scene, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const program = scene.program(args[0], [...relayCommand(chosenRuntime()), ...args], { cwd: scene.directory });
  const code = await program.exited;
  return { code, out: program.output.join("\n"), err: program.errors.join("\n") };
}

scene("nothing is answered for any more when the journal's directory is removed", async (scene) => {
  const [source] = freePorts(1);
  const journal = `${scene.directory}/journal`;
  const relay = await scene.spillway([{
    name: "feed",
    source: { listen: `127.0.0.1:${source}`, reply: "ok\n" },
    target: { connect: "127.0.0.1:1" },
    journal: { dir: journal, mode: "always", sync: "each" },
  }]).listening(source);
  const producer = await connectTo(loopback(source));
  scene.defer(() => producer.close());
  let answers = 0;
  (async () => {
    const buffer = new Uint8Array(100);
    for (let count = await producer.read(buffer); count !== null; count = await producer.read(buffer)) answers += count;
  })().catch(() => {});
  await producer.write(new TextEncoder().encode("one\n"));
  await until("the first frame is answered", () => answers === 3);
  await Deno.remove(journal, { recursive: true });
  await producer.write(new TextEncoder().encode("two\n"));
  await relay.saying(/removed, moved or mounted over/);
  await producer.write(new TextEncoder().encode("three\n"));
  const { code } = await relay.stop();
  assertEquals([code, answers], [1, 3], "the stop says that frames are lost");
});

scene("journal.create = false: a directory that is not there is an error to run and check", async (scene) => {
  const [source] = freePorts(1);
  const routes = [{
    name: "feed",
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: "127.0.0.1:1" },
    journal: { dir: `${scene.directory}/mount/feed`, create: false },
  }];
  Deno.writeTextFileSync(`${scene.directory}/a.toml`, toToml({ routes }));
  await Deno.mkdir(`${scene.directory}/mount`);
  for (const command of ["run", "check"]) {
    const { code, err } = await spillway(scene, command, "-c", "a.toml");
    assertEquals(code, 1, err);
    assert(err.includes(`mount/feed: not there, and journal.create is false\nhint: mount its file system`), err);
  }
  assertEquals([...Deno.readDirSync(`${scene.directory}/mount`)], []);
  await Deno.mkdir(`${scene.directory}/mount/feed`);
  const relay = await scene.spillway(routes).listening(source);
  assertEquals((await relay.stop()).code, 0);
});

scene("the pending frames of a route that was renamed are named by check, run and status", async (scene) => {
  const [source] = freePorts(1);
  const route = (name: string) => ({
    name,
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: "127.0.0.1:1" },
  });
  const first = await scene.spillway([route("orders")]).listening(source);
  await scene.producer({ connect: loopback(source), frames: LINE, count: 3 });
  await first.saying(/source disconnected/);
  assertEquals((await first.stop()).code, 0);
  Deno.writeTextFileSync(`${scene.directory}/b.toml`, toToml({ routes: [route("orders-2")] }));

  const said = "/spillway-data/orders: 3 frames, 300B, pending; no route delivers it\n";
  const check = await spillway(scene, "check", "-c", "b.toml");
  assert(`${check.err}\n`.includes(said), check.err);
  const status = await spillway(scene, "status", "-c", "b.toml");
  assert(`${status.err}\n`.includes(said), status.err);
  const json = JSON.parse((await spillway(scene, "status", "--json", "-c", "b.toml")).out);
  const journal = `${scene.directory}/spillway-data/orders`;
  assertEquals(json.undelivered, [{ journal, pending_frames: 3, pending_bytes: 300 }]);

  const watching = [...relayCommand(chosenRuntime()), "status", "--watch", "-c", "b.toml"];
  const watch = scene.program("watch", watching, { cwd: scene.directory });
  await until("it is said again and again", () => watch.errors.filter((line) => `${line}\n`.endsWith(said)).length > 1);
  assertEquals(await watch.stop(), 0);
  const screen = scene.program(
    "screen",
    ["script", "-qc", `stty cols 40 rows 12; ${watching.join(" ")}`, "/dev/null"],
    {
      cwd: scene.directory,
      holdStdin: true,
    },
  );
  await until("a small screen has it", () => screen.output.join("").includes("no route"));
  await screen.kill();

  const second = scene.spillway([route("orders-2")]);
  const line = await second.saying(/no route delivers/);
  assertEquals([line.journal, line.pending_frames, line.pending_bytes], [journal, 3, 300]);
  await second.listening(source);
  assertEquals((await second.stop()).code, 0);

  // While a daemon has it, it is some other configuration's.
  const third = await scene.spillway([route("orders")]).listening(source);
  assertEquals((await spillway(scene, "status", "-c", "b.toml")).err, "");
  assertEquals((await third.stop()).code, 0);
});

scene("root does not run on a service's journal, and check says what would come of it", async (scene) => {
  const [source] = freePorts(1);
  const routes = [{ name: "feed", source: { listen: `127.0.0.1:${source}` }, target: { connect: "127.0.0.1:1" } }];
  Deno.writeTextFileSync(`${scene.directory}/a.toml`, toToml({ routes }));
  const data = `${scene.directory}/spillway-data`;
  const owner = Deno.uid() === 0 ? 65534 : Deno.uid()!;
  await Deno.mkdir(`${data}/feed`, { recursive: true });
  await Deno.chown(data, owner, owner);
  await Deno.chown(`${data}/feed`, owner, owner);
  const lock = `${data}/feed/lock`;
  await Deno.writeTextFile(lock, "pid 1\n");
  await Deno.chown(lock, owner, owner);

  const run = await spillway(scene, "run", "-c", "a.toml");
  assertEquals(run.code, 1, run.err);
  assert(/error: journal .*feed: belongs to \S+, found root running it\nhint: run it as /.test(run.err), run.err);
  assertEquals([...Deno.readDirSync(`${data}/feed`)].map(({ name }) => name), ["lock"]);
  const check = await spillway(scene, "check", "-c", "a.toml");
  assertEquals(check.code, 0, check.err);
  assert(/warning: route feed: journal .*feed: belongs to \S+, found root: what we write there/.test(check.err));

  // No daemon has been there: it may be a volume that is meant for root.
  await Deno.remove(lock);
  const first = await scene.spillway(routes).listening(source);
  await first.saying(/journal .*feed: belongs to \S+, found root: what we write there/);
  assertEquals((await first.stop()).code, 0);

  await Deno.remove(`${data}/feed`, { recursive: true });
  const above = await spillway(scene, "check", "-c", "a.toml");
  assert(/warning: .*is to be made in .*spillway-data, which belongs to \S+, found root/.test(above.err), above.err);
  const relay = await scene.spillway(routes).listening(source);
  await relay.saying(/is to be made in .*which belongs to/);
  assertEquals((await relay.stop()).code, 0);
}, ["root"]);
