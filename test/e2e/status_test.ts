/** `status` as an operator sees it: while the backlog grows and drains, after kill -9, and `skip` beside a running daemon. */
import { askSkip, askStatus } from "../../src/admin/client.ts";
import type { RouteStatus, StatusReport } from "../../src/admin/status.ts";
import { SpillwayError } from "../../src/base/error.ts";
import { denoRuntime } from "../../src/runtime/deno/runtime.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { loopback } from "../peers/address.ts";
import type { FrameKind } from "../peers/frames.ts";
import { finish } from "./cli/program.ts";
import { freePorts } from "./rig/ports.ts";
import { chosenRuntime, relayCommand } from "./rig/relay_command.ts";
import { assertPerfect, type Scene, scene } from "./rig/scene.ts";
import { steady, until } from "./rig/wait.ts";

const SIZE = 500;
const LINE: FrameKind = { kind: "line", size: SIZE };
const COUNT = 20_000;
/** More than all the buffers between the relay and its consumer hold. */
const MANY = 60_000;

function routeOf(scene: Scene, source: number, target: number, mode = "overflow") {
  return {
    name: "feed",
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `127.0.0.1:${target}`, retry_min: "20ms", retry_max: "100ms" },
    journal: { dir: `${scene.directory}/journal`, mode, segment_bytes: "1MiB" },
  };
}

/** What the program prints, as an operator calls it. */
async function status(scene: Scene): Promise<RouteStatus> {
  const words = [...relayCommand(chosenRuntime()), "status", "--json", `${scene.directory}/journal`];
  const { code, stdout, stderr } = await finish(words);
  assertEquals([code, stderr], [0, ""]);
  const { routes }: StatusReport = JSON.parse(stdout);
  assertEquals(routes.length, 1);
  return routes[0];
}

scene("status tells of a backlog that grows, drains, and is left behind by kill -9", async (scene) => {
  const [source, target] = freePorts(2);
  const routes = [routeOf(scene, source, target)];
  const relay = await scene.spillway(routes).listening(source);
  const began = Date.now();
  await scene.producer({ connect: loopback(source), frames: LINE, count: COUNT });
  const waiting = await until("the backlog is in the journal", async () => {
    const now = await status(scene);
    return now.at_risk_bytes === 0 && now.pending_frames === COUNT && now;
  });
  assertEquals([waiting.state, waiting.from, waiting.pid], ["waiting", "daemon", relay.pid]);
  assertEquals(waiting.pending_bytes, COUNT * SIZE);
  assertEquals([waiting.received_frames, waiting.delivered_frames, waiting.cursor, waiting.end], [COUNT, 0, 0, COUNT]);
  assert(waiting.detail?.includes("ECONNREFUSED"), `${waiting.detail}`);
  const age = waiting.oldest_pending_seconds!;
  assert(age > 0 && age <= (Date.now() - began) / 1000 + 1, `the oldest is said to wait for ${age} s`);

  await relay.kill();
  const left = await status(scene);
  assertEquals([left.state, left.from, left.pid], ["stopped", "disk", null]);
  assertEquals([left.pending_frames, left.pending_bytes, left.cursor, left.end], [COUNT, COUNT * SIZE, 0, COUNT]);
  assertEquals(left.oldest_pending_time, waiting.oldest_pending_time, "the same frame is the oldest");
  assertEquals(left.detail, "the last run did not stop cleanly");

  const second = await scene.spillway(routes).listening(source);
  const consumer = scene.consumer({ listen: loopback(target), frames: LINE, bytesPerSecond: 2e6 });
  const draining = await until("it drains, at a rate", async () => {
    const now = await status(scene);
    return now.state === "draining" && now.drained_in_seconds !== null && now;
  });
  const { pending_bytes, delivered_bytes_per_second, drained_in_seconds, target_up } = draining;
  assert(target_up && pending_bytes > 0 && delivered_bytes_per_second! > 0, JSON.stringify(draining));
  const expected = pending_bytes / delivered_bytes_per_second!;
  assert(Math.abs(drained_in_seconds! - expected) < 1 + expected / 10, `${drained_in_seconds} s, not ${expected} s`);
  assert(draining.oldest_pending_time! >= waiting.oldest_pending_time!, "time goes on");

  consumer.pace(0);
  await until("all is there", () => consumer.tally.end() === COUNT);
  const done = await until("nothing is pending", async () => {
    const now = await status(scene);
    return now.pending_frames === 0 && now;
  });
  assertEquals([done.state, done.oldest_pending_time, done.oldest_pending_seconds], ["direct", null, null]);
  assertEquals(done.cursor, COUNT);
  assertEquals((await second.stop()).code, 0);
  const stopped = await status(scene);
  assertEquals([stopped.state, stopped.detail, stopped.pending_frames], ["stopped", null, 0]);
  assertEquals([...Deno.readDirSync(`${scene.directory}/journal`)].some(({ name }) => name === "control"), false);
  assertPerfect(consumer.report(COUNT), COUNT);
});

scene("a consumer that reads nothing is called stalled, one that reads again is not", async (scene) => {
  const [source, target] = freePorts(2);
  const relay = await scene.spillway([routeOf(scene, source, target)]).listening(source);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: target });
  scene.defer(() => listener.close());
  const accepted = listener.accept();
  await scene.producer({ connect: loopback(source), frames: LINE, count: COUNT });
  const consumer = await accepted;
  scene.defer(() => consumer.close());
  const stalled = await until("it is stalled", async () => {
    const now = await status(scene);
    return now.state === "stalled" && now;
  });
  assert(/^nothing confirmed for \d+ s$/.test(stalled.detail!) && stalled.target_up, JSON.stringify(stalled));
  assert(stalled.target_inflight_frames! > 0 && stalled.pending_frames >= stalled.target_inflight_frames!);
  const bytes = new Uint8Array(65536);
  for (let read = 0; read < COUNT * SIZE;) read += await consumer.read(bytes) ?? COUNT * SIZE;
  await until("it is not", async () => {
    const now = await status(scene);
    return now.state === "direct" && now.pending_frames === 0;
  });
  assertEquals((await relay.stop()).code, 0);
});

scene(
  "a consumer that reads 10 KB a second is slow, not stalled, however long its window stays closed",
  async (scene) => {
    const [source, target] = freePorts(2);
    const relay = await scene.spillway([routeOf(scene, source, target)]).listening(source);
    scene.consumer({ listen: loopback(target), frames: LINE, bytesPerSecond: 1e4 });
    await scene.producer({ connect: loopback(source), frames: LINE, count: COUNT });
    const states = new Set<string>();
    await until("its kernel has confirmed nothing for 8 s", async () => {
      const asked = await askStatus(denoRuntime.net, `${scene.directory}/journal`);
      if (asked.kind !== "answered") return false;
      const { state, detail } = asked.answer;
      states.add(state);
      return state === "stalled" || /^the consumer is slow: nothing confirmed for ([89]|\d\d) s$/.test(detail ?? "");
    }, { timeoutMs: 60_000, everyMs: 200 });
    assert(!states.has("stalled"), [...states].join());
    assertEquals((await relay.stop()).code, 0);
  },
);

for (const mode of ["overflow", "always"]) {
  scene(`skip beside a running daemon gives up what is pending and nothing else (${mode})`, async (scene) => {
    const [source, target] = freePorts(2);
    const directory = `${scene.directory}/journal`;
    const relay = await scene.spillway([routeOf(scene, source, target, mode)]).listening(source);
    const skip = async (to: number) => {
      const asked = await askSkip(denoRuntime.net, directory, to);
      assert(asked.kind === "answered", JSON.stringify(asked));
      return asked.answer;
    };
    await scene.producer({ connect: loopback(source), frames: LINE, count: MANY });
    await until("all is received", async () => (await status(scene)).pending_frames === MANY);

    // The consumer is away: to the frame, in the middle of a record.
    const beyond = await assertRejects(() => skip(MANY + 1), SpillwayError);
    assertEquals([beyond.message, beyond.exit], [
      `skip: found --until ${MANY + 1}, the next frame to be received is ${MANY}`,
      2,
    ]);
    const gone = 12_345;
    const told = await askSkip(denoRuntime.net, directory, gone, true);
    assert(told.kind === "answered" && told.answer.frames === gone, JSON.stringify(told));
    assertEquals((await status(scene)).pending_frames, MANY, "only told");
    assertEquals(await skip(gone), {
      from: 0,
      until: gone,
      frames: gone,
      bytes: gone * SIZE,
      inflight_frames: 0,
      unread_frames: 0,
    });
    const after = await status(scene);
    assertEquals([after.pending_frames, after.pending_bytes, after.cursor], [
      MANY - gone,
      (MANY - gone) * SIZE,
      gone,
    ]);
    assertEquals(after.dropped, { operator: { frames: gone, bytes: gone * SIZE } });
    await relay.saying(/"frames are given up by the operator"/);

    // It comes, slowly: some are in flight.
    const consumer = scene.consumer({ listen: loopback(target), frames: LINE, bytesPerSecond: 1e5 });
    // Before its buffers are full, what is in flight is acknowledged at once.
    await steady("what is in flight", async () => {
      const asked = await askStatus(denoRuntime.net, directory);
      return asked.kind === "answered" ? asked.answer.target_inflight_frames! : 0;
    });
    const rest = await skip(MANY);
    assertEquals(rest.until, MANY);
    assert(rest.frames > 0 && rest.inflight_frames > 0, JSON.stringify(rest));
    consumer.pace(0);
    const later = 1000;
    await scene.producer({ connect: loopback(source), frames: LINE, first: MANY, count: later });
    await until("what came later is there", () => consumer.tally.end() === MANY + later);
    const done = await until("nothing is pending", async () => {
      const now = await status(scene);
      return now.pending_frames === 0 && now;
    });
    assertEquals(done.state, "direct");
    const dropped = gone + rest.frames;
    assertEquals([done.dropped_frames, done.delivered_frames], [dropped, MANY + later - dropped]);
    assertEquals(consumer.tally.frames, MANY + later - dropped, "what was not given up came");
    scene.note(
      `given up: ${gone} while it was away, ${rest.frames} of the rest with ${rest.inflight_frames} in flight`,
    );
    assertEquals((await relay.stop()).code, 0);
    const report = consumer.report(MANY + later);
    assertEquals([report.damage, report.connections.map(({ disorder }) => disorder)], [undefined, [[]]]);
    assertEquals(report.repeats, 0);
  });
}

scene(
  "a journal whose path is too long for a socket has none: the relay runs, status says so and reads the files",
  async (scene) => {
    const [source, target] = freePorts(2);
    const directory = `${scene.directory}/${"long-".repeat(20)}`;
    const route = routeOf(scene, source, target);
    const relay = await scene.spillway([{ ...route, journal: { dir: directory, mode: "always" } }]).listening(source);
    await relay.saying(/"no control socket: status reads the journal's files, skip needs the daemon stopped"/);
    await scene.producer({ connect: loopback(source), frames: LINE, count: 100 });
    const words = [...relayCommand(chosenRuntime()), "status", "--json", directory];
    const told = await until("the frames are on disk", async () => {
      const { stdout } = await finish(words);
      const [now] = (JSON.parse(stdout) as StatusReport).routes;
      return now.pending_frames === 100 && now;
    });
    assertEquals([told.state, told.from], ["silent", "disk"]);
    assertEquals(
      told.detail,
      `pid ${relay.pid} has the journal and has no control socket, its log says why; these figures are from the files`,
    );
    assertEquals((await relay.stop()).code, 0);
  },
);

scene("the live view fits its terminal, is drawn in place, and leaves the terminal as it was", async (scene) => {
  const [source, target] = freePorts(2);
  const relay = await scene.spillway([routeOf(scene, source, target)]).listening(source);
  await scene.producer({ connect: loopback(source), frames: LINE, count: COUNT });
  const words = relayCommand(chosenRuntime()).join(" ");
  const watch = `timeout --foreground --preserve-status -s INT 3 ${words} status --watch ${scene.directory}/journal`;
  const command = ["script", "-qec", `stty cols 42 rows 9; ${watch}; echo exit $?`, "/dev/null"];
  const view = scene.program("view", command, { env: { LANG: "C.UTF-8", NO_COLOR: "1", TERM: "xterm" } });
  await view.exited;
  const seen = view.output.join("\n").replaceAll("\r", "");
  // deno-lint-ignore no-control-regex -- those are what it is about
  const [before, inside, after] = seen.split(/\x1b\[\?1049[hl]/);
  // `deno run` may have cleared the line of its own progress there.
  assert(!before.includes("spillway"), JSON.stringify(before));
  assert(inside.startsWith("\x1b[?25l\x1b[H") && inside.endsWith("\x1b[?25h"), "the cursor is hidden, and shown again");
  const pictures = inside.slice("\x1b[?25l".length).split("\x1b[H").slice(1);
  assert(pictures.length >= 2, `${pictures.length} pictures`);
  for (const picture of pictures) {
    const lines = picture.replace("\x1b[?25h", "").replace("\x1b[J", "").split("\x1b[K\n").map((line) =>
      line.replace("\x1b[K", "")
    );
    assert(lines.length <= 9 && lines.every((line) => line.length <= 42), `too large: ${JSON.stringify(lines)}`);
    assert(lines[2].startsWith("feed  waiting  "), lines[2]);
    assert(lines[3].includes("█"), "a curve");
  }
  assert(after.includes("ROUTE  STATE") && after.trimEnd().endsWith("exit 0"), after);
  assertEquals((await relay.stop()).code, 0);
}, ["logger"]);

scene(
  "skip names the delivered frames that may be unread, in the same words with a daemon and without",
  async (scene) => {
    const [source, target] = freePorts(2);
    const relay = await scene.spillway([routeOf(scene, source, target)]).listening(source);
    const [read, pending] = [10, 5];
    const consumer = scene.consumer({ listen: loopback(target), frames: LINE, frozen: true });
    await scene.producer({ connect: loopback(source), frames: LINE, count: read });
    await until("its kernel has them", async () => (await status(scene)).delivered_frames === read);
    await consumer.stop();
    await relay.saying(/"target lost"/);
    await scene.producer({ connect: loopback(source), frames: LINE, first: read, count: pending });
    await until("these are pending", async () => (await status(scene)).pending_frames === pending);
    const skip = async (...more: string[]) => {
      const command = [...relayCommand(chosenRuntime()), "skip", `${scene.directory}/journal`];
      const { stdout, stderr } = await finish([...command, "--until", `${read + pending}`, ...more]);
      return (stdout + stderr).split("\n")[0].replace(/, arrived \S+ to \S+Z/, "");
    };
    const what = "5 frames, 2.4KiB, of 10 to 14, and 10 frames delivered before that may be unread";
    const refused = `error: skip would give up ${what}, and there is no terminal to ask on`;
    assertEquals(await skip(), refused);
    assertEquals((await relay.stop()).code, 0);
    assertEquals(await skip(), refused);
    assertEquals(await skip("--yes"), `given up: ${what}`);
  },
);
