/** Signals: two stop the relay, however often they come; no other ends it, nor does a terminal that is closed. */
import { assert, assertEquals } from "../support/assert.ts";
import { loopback } from "../peers/address.ts";
import type { Consumer } from "../peers/consumer.ts";
import type { FrameKind } from "../peers/frames.ts";
import type { ConfigTable } from "./rig/config.ts";
import { freePorts } from "./rig/ports.ts";
import { assertInOrder, assertPerfect, type Scene, scene } from "./rig/scene.ts";
import type { Spillway } from "./rig/spillway.ts";
import { inTerminal } from "./rig/terminal.ts";
import { until } from "./rig/wait.ts";

const LINES: FrameKind = { kind: "line", size: 100 };
const COUNT = 50_000;
/** By then Deno has taken SIGUSR1 for its debugger, if it does. */
const DEBUGGER_MS = 1000;
/** Those that mean nothing here; SIGABRT and the signals of a fault are the program's own. */
const MEANINGLESS = "HUP QUIT USR1 USR2 PIPE ALRM VTALRM PROF IO PWR STKFLT XCPU XFSZ".split(" ");
const REALTIME = Array.from({ length: 31 }, (_, i) => `${34 + i}`);

interface Stage {
  readonly routes: readonly ConfigTable[];
  readonly source: number;
  readonly consumer: Consumer;
}

/** A frozen consumer, and a route to it that keeps frames in memory. */
function setUp(scene: Scene): Stage {
  const [source, target] = freePorts(2);
  const routes = [{
    name: "feed",
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `127.0.0.1:${target}`, retry_min: "20ms", retry_max: "100ms" },
    memory: { max_bytes: "32MiB" },
    journal: { dir: `${scene.directory}/journal` },
  }];
  return { routes, source, consumer: scene.consumer({ listen: loopback(target), frames: LINES, frozen: true }) };
}

/** 50,000 frames, in memory and in flight. */
async function fill(scene: Scene, { consumer, source }: Stage, first = 0): Promise<void> {
  await until("the consumer is connected", () => consumer.tally.connections.length >= 1);
  const sent = await scene.producer({ connect: loopback(source), frames: LINES, first, count: COUNT });
  assertEquals(sent.error, undefined);
}

async function send(pid: number, signal: string): Promise<void> {
  const { success } = await new Deno.Command("kill", { args: [`-${signal}`, `${pid}`] }).output();
  assert(success, `signal ${signal}: the relay is gone`);
}

scene(
  "with frames in memory alone, no signal that means nothing to it ends the relay, and all arrive",
  async (scene) => {
    const stage = setUp(scene);
    const { consumer, routes, source } = stage;
    const startedMs = performance.now();
    const relay = await scene.spillway(routes).listening(source);
    await fill(scene, stage);
    await until("Deno's debugger would be there", () => performance.now() - startedMs > DEBUGGER_MS);
    for (const signal of [...MEANINGLESS, ...MEANINGLESS, ...REALTIME]) await send(relay.pid, signal);
    await relay.saying(/"nothing is reloaded/);
    assertEquals(relay.logged(/"the journal|go to the journal/), [], "the frames are in memory alone");
    consumer.thaw();
    await until("everything is there", () => consumer.tally.frames === COUNT || consumer.damage);
    assertEquals((await relay.stop()).code, 0, "exit code");
    assertEquals(relay.program.errors.filter((line) => !line.startsWith("{")), [], "a debugger says where it listens");
    assertPerfect(consumer.report(COUNT), COUNT);
  },
);

scene(
  "a relay whose terminal is closed goes on, with frames in memory alone, and stops cleanly later",
  async (scene) => {
    const stage = setUp(scene);
    const { consumer, routes, source } = stage;
    const relay = await inTerminal(scene, routes);
    await until("the relay listens", () => relay.isListening(source));
    await fill(scene, stage);
    await relay.closeTerminal();
    consumer.thaw();
    await until("everything is there", () => consumer.tally.frames === COUNT || consumer.damage);
    // The log's lines have nowhere to go: each connection is one.
    await fill(scene, stage, COUNT);
    await until("the rest is there too", () => consumer.tally.frames === 2 * COUNT || consumer.damage);
    assertPerfect(consumer.report(2 * COUNT), 2 * COUNT);
    await send(relay.pid, "TERM");
    await until("the relay is gone", () => !relay.isAlive);

    const second = await scene.spillway(routes).listening(source);
    assertEquals(second.logged(/did not stop cleanly/), []);
    assertEquals((await second.stop()).code, 0);
  },
  ["terminal"],
);

/** Signals one after the other, with a distance in ms. */
const SERIES: readonly (readonly [ms: number, ...signals: Deno.Signal[]])[] = [
  [0, "SIGTERM", "SIGTERM"],
  [0, "SIGINT", "SIGTERM", "SIGINT"],
  [20, "SIGTERM", "SIGTERM"],
  [20, "SIGTERM", "SIGINT", "SIGTERM"],
  [300, "SIGINT", "SIGINT"],
];

for (const [ms, ...signals] of SERIES) {
  scene(`${signals.join(", ")}, ${ms} ms apart: what is in memory is journaled, and it ends with 0`, async (scene) => {
    const stage = setUp(scene);
    const { consumer, routes, source } = stage;
    const relay = await scene.spillway(routes).listening(source);
    await fill(scene, stage);
    const stopped = await signalled(relay, ms, signals);
    assertEquals(stopped.code, 0, "exit code");
    // Of signals in quick succession a busy process sees only one.
    assert(stopped.seconds < (ms < 100 ? 5 : 2), `${stopped.seconds} s`);
    scene.note(`ended in ${stopped.seconds.toFixed(2)} s`);

    const second = await scene.spillway(routes).listening(source);
    assertEquals(second.logged(/did not stop cleanly/), []);
    consumer.thaw();
    await until("everything is there", () => consumer.tally.end() === COUNT || consumer.damage);
    assertEquals((await second.stop()).code, 0);
    assertInOrder(consumer.report(COUNT));
    assertEquals(consumer.report(COUNT).missing, []);
  });
}

async function signalled(relay: Spillway, ms: number, signals: readonly Deno.Signal[]) {
  const begin = performance.now();
  for (const [i, signal] of signals.entries()) {
    if (i > 0 && ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
    relay.program.signal(signal);
  }
  const code = await relay.program.exited;
  return { code, seconds: (performance.now() - begin) / 1000 };
}

scene(
  "SIGTERM while it opens its journals ends it with 0, as soon as it has them, and all are closed cleanly",
  async (scene) => {
    const { routes } = setUp(scene);
    // Many journals to open one after the other.
    const many = Array.from({ length: 40 }, (_, i) => ({
      ...routes[0],
      name: `feed-${i}`,
      source: { listen: `unix:${scene.directory}/source-${i}` },
      journal: { dir: `${scene.directory}/journal-${i}` },
    }));
    const relay = scene.spillway(many);
    const opened = () =>
      [...Deno.readDirSync(scene.directory)].filter(({ name }) => name.startsWith("journal-")).length;
    await until("it opens journals", () => opened() > 0 || relay.program.exitCode !== undefined, { everyMs: 1 });
    relay.program.signal("SIGTERM");
    scene.note(`SIGTERM with ${opened()} of 40 journals`);
    assertEquals(await relay.program.exited, 0);
    const again = scene.spillway(many);
    await again.saying(/"feed-39".*"route ready"/);
    assertEquals(again.logged(/did not stop cleanly/), [], "all were closed cleanly");
    assertEquals((await again.stop()).code, 0);
  },
);
