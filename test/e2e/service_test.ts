/** The relay as a service: what it tells its manager, and that it works with what its unit leaves it. */
import { askStatus } from "../../src/admin/client.ts";
import { denoRuntime } from "../../src/runtime/deno/runtime.ts";
import { loopback } from "../peers/address.ts";
import type { FrameKind } from "../peers/frames.ts";
import { assert, assertEquals } from "../support/assert.ts";
import type { Notification, ServiceManagerOptions } from "../peers/service_manager.ts";
import { freePorts, listeningOn } from "./rig/ports.ts";
import type { Program } from "./rig/program.ts";
import { chosenRuntime, relayCommand } from "./rig/relay_command.ts";
import { filteredAs, PROCESSES_ALONE } from "./rig/sandbox.ts";
import { assertPerfect, type Scene, scene } from "./rig/scene.ts";
import { finish } from "./cli/program.ts";
import { until } from "./rig/wait.ts";

const PEER = new URL("../peers/service_manager.ts", import.meta.url).pathname;

/** How often the watchdog wants a sign of life, in ms; it gets one in half of that. */
const WATCHDOG_MS = 400;

interface Manager {
  readonly program: Program;
  notifications(): Notification[];
  states(): string[];
}

async function manager(scene: Scene, options: ServiceManagerOptions): Promise<Manager> {
  const words = [Deno.execPath(), "run", "-A", "--unstable-net", PEER, JSON.stringify(options)];
  const program = scene.program("manager", words);
  await program.json();
  const notifications = () => program.output.slice(1).map((line): Notification => JSON.parse(line));
  return { program, notifications, states: () => notifications().map(({ state }) => state) };
}

function routeOf(scene: Scene, source: number, target: number) {
  return {
    name: "feed",
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `127.0.0.1:${target}`, retry_max: "100ms" },
    journal: { dir: `${scene.directory}/journal` },
  };
}

for (const kind of ["a path", "an abstract name"]) {
  scene(
    `a service manager at ${kind} is told when the routes listen, that the loop turns, and of the stop`,
    async (scene) => {
      const [source, target] = freePorts(2);
      const isPath = kind === "a path";
      const path = isPath ? `${scene.directory}/notify` : `\0spillway-test-${Deno.pid}-${source}`;
      const { program, notifications, states } = await manager(scene, { path, port: source });
      const watchdogs = () => states().filter((state) => state === "WATCHDOG=1").length;
      const env = [`NOTIFY_SOCKET=${path.replace("\0", "@")}`, `WATCHDOG_USEC=${WATCHDOG_MS * 1000}`];
      const relay = scene.spillway([routeOf(scene, source, target)], { inside: ["env", ...env] });
      await until("it is ready", () => states().includes("READY=1"));
      assertEquals(notifications()[0], { state: "READY=1", listening: true });
      await until("the watchdog is fed", () => watchdogs() >= 3);

      relay.freeze();
      // What was sent before it froze has come by when the manager has nothing left to say for a while.
      let silent = 0;
      let before = -1;
      await until("a frozen relay says nothing for five of its intervals", () => {
        silent = watchdogs() === before ? silent + 1 : 0;
        before = watchdogs();
        return silent === 5;
      }, { everyMs: WATCHDOG_MS / 2 });
      relay.program.signal("SIGCONT");
      await until("it goes on", () => watchdogs() > before);

      assertEquals((await relay.stop()).code, 0);
      await until("the stop is told", () => states().includes("STOPPING=1"));
      assertEquals(states().filter((state) => state !== "WATCHDOG=1"), ["READY=1", "STOPPING=1"]);
      await program.kill();
    },
  );
}

scene("a watchdog of another process is not fed, and a manager that is gone costs a warning", async (scene) => {
  const [source, target] = freePorts(2);
  const path = `${scene.directory}/notify`;
  const { program, states } = await manager(scene, { path, port: source });
  const env = [`NOTIFY_SOCKET=${path}`, "WATCHDOG_USEC=1000", "WATCHDOG_PID=1"];
  const relay = scene.spillway([routeOf(scene, source, target)], { inside: ["env", ...env] });
  await until("it is ready", () => states().includes("READY=1"));
  assertEquals((await relay.stop()).code, 0);
  await until("the stop is told", () => states().includes("STOPPING=1"));
  assertEquals(states(), ["READY=1", "STOPPING=1"]);

  await program.kill();
  const alone = scene.spillway([routeOf(scene, source, target)], { inside: ["env", ...env] });
  await listeningOn(source);
  const { level } = await alone.saying(/the service manager cannot be told/);
  assertEquals(level, "warn");
  assertEquals((await alone.stop()).code, 0);
});

const LINE: FrameKind = { kind: "line", size: 500 };
const COUNT = 20_000;

scene(
  "the relay spills, drains, syncs and stops cleanly with the system calls and the /proc that its unit leaves it",
  async (scene) => {
    const [source, target] = freePorts(2);
    const unit = `${scene.directory}/spillway.service`;
    const printed = await finish([...relayCommand(chosenRuntime()), "init", "systemd"], { env: Deno.env.toObject() });
    await Deno.writeTextFile(unit, printed.stdout);
    const route = routeOf(scene, source, target);
    const journal = { ...route.journal, sync: "each", segment_bytes: "1MiB" };
    const relay = await scene.spillway({
      head: { admin: { control_group: String(Deno.gid()) } },
      routes: [{ ...route, journal }],
    }, {
      inside: [...PROCESSES_ALONE, ...filteredAs(unit)],
    }).listening(source);
    assert(/^Seccomp:\t2$/m.test(Deno.readTextFileSync(`/proc/${relay.pid}/status`)), "a filter is in force");
    const status = async () => {
      const asked = await askStatus(denoRuntime.net, journal.dir);
      assert(asked.kind === "answered", JSON.stringify(asked));
      return asked.answer;
    };
    await scene.producer({ connect: loopback(source), frames: LINE, count: COUNT });
    await until("all is in the journal", async () => {
      const { pending_frames, at_risk_bytes } = await status();
      return pending_frames === COUNT && at_risk_bytes === 0;
    });
    const consumer = scene.consumer({ listen: loopback(target), frames: LINE });
    await until("all is there", () => consumer.tally.end() === COUNT);
    await until("all is confirmed", async () => (await status()).pending_frames === 0);
    relay.program.signal("SIGHUP");
    assertEquals((await relay.stop()).code, 0);
    assertPerfect(consumer.report(COUNT), COUNT);
    assertEquals(relay.logged(/"level":"error"|EPERM/), []);
  },
  ["seccomp", "systemd-analyze", "procsubset"],
);
