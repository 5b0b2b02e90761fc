/**
 * Delivered means read, by default: a consumer that leaves with something unread
 * is sent it again, whoever it is and however often it does that.
 */
import { loopback } from "../peers/address.ts";
import type { Consumer, Leave } from "../peers/consumer.ts";
import type { FrameKind } from "../peers/frames.ts";
import { seeded } from "../support/random.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { freePorts } from "./rig/ports.ts";
import { finish } from "./cli/program.ts";
import { record, replay } from "./rig/recording.ts";
import { chosenRuntime, relayCommand } from "./rig/relay_command.ts";
import { assertInOrder, type Scene, scene } from "./rig/scene.ts";
import type { LogLine, Spillway } from "./rig/spillway.ts";
import { until } from "./rig/wait.ts";

const LINE: FrameKind = { kind: "line", size: 512 };
const LINE_BYTES = 512;
/** For the soak: hundreds of consumers. */
const FULL = Deno.env.get("SPILLWAY_ENDS_FULL") === "1";

interface Visit {
  readonly lines: number;
  readonly leaves: (connection: number) => Leave | undefined;
  /** Is there a backlog before the consumer comes, or is what comes sent on at once? */
  readonly backlog: boolean;
  readonly producing?: number;
  readonly bytesPerSecond?: number;
  readonly timeoutMs?: number;
}

/** Lets a consumer come and go; when it stays at last it must have read everything. */
async function visit(scene: Scene, { lines, leaves, backlog, producing, bytesPerSecond, timeoutMs }: Visit) {
  const [source, target] = freePorts(2);
  const relay = await scene.spillway([{
    name: "feed",
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `127.0.0.1:${target}`, retry_min: "5ms", retry_max: "50ms" },
    journal: { dir: `${scene.directory}/journal`, mode: backlog ? "always" : "overflow" },
  }]).listening(source);
  const produce = () =>
    scene.producer({ connect: loopback(source), frames: LINE, count: lines, bytesPerSecond: producing });
  const consume = () => scene.consumer({ listen: loopback(target), frames: LINE, leaves, bytesPerSecond });
  let consumer: Consumer;
  if (backlog) {
    assertEquals((await produce()).error, undefined);
    consumer = consume();
  } else {
    consumer = consume();
    await until("the consumer is connected", () => consumer.tally.connections.length > 0);
    assertEquals((await produce()).error, undefined);
  }
  await until("the last line", () => consumer.tally.end() === lines || consumer.damage, {
    timeoutMs: timeoutMs ?? 60_000,
  });
  assertEquals((await relay.stop()).code, 0);
  const report = consumer.report(lines);
  assertInOrder(report);
  assertEquals(report.missing, [], "missing");
  const books = booksOf(relay);
  assertEquals([books.delivered_frames, books.may_be_lost_bytes, books.dropped_frames], [lines, 0, 0]);
  assert(Number(books.resent_frames) >= report.repeats, `${report.repeats} came again, ${books.resent_frames} counted`);
  const { length } = report.connections;
  scene.note(
    `${length} connections, ${report.repeats} of ${lines} lines came again, ${books.resent_frames} were sent again`,
  );
  return { report, books, relay };
}

function booksOf(relay: Spillway): LogLine {
  return JSON.parse(relay.logged(/"route stopped"/)[0]);
}

for (const backlog of [true, false]) {
  const when = backlog ? "a backlog" : "live frames";
  scene(`a consumer that closes after 3 MB and returns misses nothing of ${when}`, async (scene) => {
    await visit(scene, { lines: 100_000, backlog, leaves: (n) => n === 0 ? { bytes: 3e6, ms: 0 } : undefined });
  });
  scene(`a consumer that closes after every 500 KB misses nothing of ${when}, and comes to an end`, async (scene) => {
    await visit(scene, {
      lines: 10_000,
      backlog,
      producing: backlog ? undefined : 5e6,
      leaves: () => ({ bytes: 500_000, ms: 0 }),
      timeoutMs: 120_000,
    });
  });
}

scene("a port that accepts, and closes after a moment without reading, takes nothing", async (scene) => {
  const { report } = await visit(scene, {
    lines: 20_000,
    backlog: true,
    leaves: (n) => n < 8 ? { bytes: 0, ms: 50 } : undefined,
  });
  assertEquals(report.connections.length, 9);
  assertEquals(report.repeats, 0, "what was not read does not come twice");
});

scene("a consumer that reads one line on each connection gets one after the other", async (scene) => {
  const lines = 12;
  await visit(scene, { lines, backlog: true, leaves: () => ({ bytes: LINE_BYTES, ms: 0 }) });
});

for (let part = 1; part <= (FULL ? 6 : 1); part++) {
  scene(`consumers that leave at random moments, fast, slow and bursting, miss nothing (${part})`, async (scene) => {
    const seed = FULL ? Math.floor(Math.random() * 1e9) : 20261130;
    const random = seeded(seed);
    scene.note(`seed ${seed}`);
    const visits = FULL ? 60 : 10;
    await visit(scene, {
      lines: visits * 2_400,
      backlog: false,
      producing: 12e6,
      leaves: (n) =>
        n === visits ? undefined : { bytes: Math.floor(random() ** 3 * 4e6), ms: Math.floor(random() ** 2 * 60) },
      timeoutMs: 220_000,
    });
  });
}

scene("a consumer over a unix socket that leaves is sent again what it had not read", async (scene) => {
  const [source] = freePorts(1);
  const path = `${scene.directory}/consumer.sock`;
  const relay = await scene.spillway([{
    name: "feed",
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `unix:${path}`, retry_min: "5ms", retry_max: "50ms" },
    journal: { dir: `${scene.directory}/journal`, mode: "always" },
  }]).listening(source);
  const consumer = scene.consumer({
    listen: { path },
    frames: LINE,
    leaves: (n) => n < 10 ? { bytes: 200_000 * n, ms: 0 } : undefined,
  });
  const lines = 40_000;
  await scene.producer({ connect: loopback(source), frames: LINE, count: lines });
  await until("the last line", () => consumer.tally.end() === lines || consumer.damage);
  await until("all is confirmed", () => relay.logged(/"the journal is sent/).length >= 0);
  assertEquals((await relay.stop()).code, 0);
  const report = consumer.report(lines);
  assertInOrder(report);
  assertEquals(report.missing, []);
  assertEquals(booksOf(relay).may_be_lost_bytes, 0);
  scene.note(`${report.connections.length} connections, ${report.repeats} lines came again`);
});

scene("where rewind is set too small, what may be lost is said and counted", async (scene) => {
  const [source, target] = freePorts(2);
  const relay = await scene.spillway([{
    name: "feed",
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `127.0.0.1:${target}`, rewind: "0B", retry_min: "5ms", retry_max: "50ms" },
    journal: { dir: `${scene.directory}/journal`, mode: "always" },
  }]).listening(source);
  const lines = 20_000;
  await scene.producer({ connect: loopback(source), frames: LINE, count: lines });
  const leaves = (n: number) => n < 3 ? { bytes: 100_000, ms: 50 } : undefined;
  const consumer = scene.consumer({ listen: loopback(target), frames: LINE, leaves });
  await until("the last line", () => consumer.tally.end() === lines || consumer.damage);
  assertEquals((await relay.stop()).code, 0);
  const missing = consumer.tally.missing(lines).reduce((sum, range) => sum + range.until - range.from, 0);
  const lost = relay.logged(/"target lost"/).map((line) => Number(JSON.parse(line).may_be_lost_bytes));
  const books = booksOf(relay);
  scene.note(`${missing * LINE_BYTES} bytes are missing, ${books.may_be_lost_bytes} may be lost`);
  assert(missing > 0, "nothing is missing: the test shows nothing");
  assert(Number(books.may_be_lost_bytes) >= missing * LINE_BYTES, `${books.may_be_lost_bytes} bytes may be lost`);
  assertEquals(books.may_be_lost_bytes, lost.reduce((sum, bytes) => sum + bytes, 0), "log and books agree");
});

scene("a replay to a port that never reads ends with an error, and says where to go on", async (scene) => {
  const { relay, directory } = await record(scene);
  await relay.stop();
  const [port] = freePorts(1);
  scene.consumer({ listen: loopback(port), frames: LINE, leaves: () => ({ bytes: 0, ms: 20 }) });
  const program = replay(scene, directory, "--to", `127.0.0.1:${port}`, "--retries", "2");
  assertEquals(await program.exited, 1, program.tail());
  const [error] = program.errors.filter((line) => line.startsWith("error: "));
  assertMatch(error, /is lost: .* \(2 more attempts without progress\): stopped before frame 0$/);
});

scene("a replay to a consumer that leaves in the middle and returns is whole", async (scene) => {
  const { relay, directory } = await record(scene, 0, 40_000);
  await relay.stop();
  const [port] = freePorts(1);
  const frames: FrameKind = { kind: "line", size: 200 };
  const consumer = scene.consumer({
    listen: loopback(port),
    frames,
    leaves: (n) => n < 4 ? { bytes: n * 700_000, ms: 10 } : undefined,
  });
  const done = await finish([...relayCommand(chosenRuntime()), "replay", directory, "--to", `127.0.0.1:${port}`]);
  assertEquals(done.code, 0, done.stderr);
  const report = consumer.report(40_000);
  assertInOrder(report);
  assertEquals(report.missing, []);
  const [, twice = "0"] = /up to ([0-9]+) frames? may have arrived twice/.exec(done.stderr) ?? [];
  const cameTwice = consumer.tally.repeated();
  assert(Number(twice) >= cameTwice && Number(twice) <= 40_000, `${twice} said, ${cameTwice} came twice`);
  scene.note(`${cameTwice} lines came more than once, ${twice} may have`);
});

scene("a replay that leaves something unread is not finished: the same command sends it once more", async (scene) => {
  const lines = 300;
  const { relay, directory } = await record(scene, 0, lines);
  await relay.stop();
  const [port] = freePorts(1);
  const frames: FrameKind = { kind: "line", size: 200 };
  const progress = `${scene.directory}/progress`;
  const command = [...relayCommand(chosenRuntime()), "replay", directory, "--to", `127.0.0.1:${port}`];
  command.push("--progress-file", progress);
  // All of it fits into the kernel's buffer, and it is never read.
  const deaf = scene.consumer({ listen: loopback(port), frames, frozen: true });
  const first = await finish(command);
  assertEquals(first.code, 1, first.stderr);
  assertMatch(first.stderr, /may not have been read/);
  assertEquals(JSON.parse(Deno.readTextFileSync(progress)).done, false);
  await deaf.stop();
  const consumer = scene.consumer({ listen: loopback(port), frames });
  const second = await finish(command);
  assertEquals(second.code, 0, second.stderr);
  await until("all of it", () => consumer.tally.end() === lines || consumer.damage);
  assertEquals(consumer.report(lines).missing, []);
  assertEquals(JSON.parse(Deno.readTextFileSync(progress)).done, true);
});
