/** HTTP beside a running relay: figures that move and add up, readiness, and requests that are refused. */
import type { RouteStatus, StatusReport } from "../../src/admin/status.ts";
import { loopback } from "../peers/address.ts";
import type { FrameKind } from "../peers/frames.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { finish } from "./cli/program.ts";
import { freePorts } from "./rig/ports.ts";
import { chosenRuntime, relayCommand } from "./rig/relay_command.ts";
import { type Scene, scene } from "./rig/scene.ts";
import { until } from "./rig/wait.ts";

const SIZE = 500;
const LINE: FrameKind = { kind: "line", size: SIZE };
const COUNT = 20_000;
const CONNECTIONS_MAX = 32;

interface Answer {
  readonly code: number;
  readonly body: string;
  readonly headers: Headers;
}

/** The figures of a page of metrics, by name and labels as they stand there. */
function figuresOf(text: string): Map<string, number> {
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(samples.map((line) => {
    const at = line.lastIndexOf(" ");
    return [line.slice(0, at), Number(line.slice(at + 1))];
  }));
}

async function rig(scene: Scene, journal: Record<string, string> = {}) {
  const [source, target, admin] = freePorts(3);
  const relay = await scene.spillway({
    head: { admin: { listen: `127.0.0.1:${admin}` } },
    routes: [{
      name: "feed",
      source: { listen: `127.0.0.1:${source}` },
      target: { connect: `127.0.0.1:${target}`, retry_min: "20ms", retry_max: "50ms" },
      journal: { dir: `${scene.directory}/journal`, mode: "always", sync: "interval", ...journal },
    }],
  }).listening(source, admin);
  const get = async (path: string, init?: RequestInit): Promise<Answer> => {
    const response = await fetch(`http://127.0.0.1:${admin}${path}`, init);
    return { code: response.status, body: await response.text(), headers: response.headers };
  };
  const metric = async (name: string, labels = "") =>
    figuresOf((await get("/metrics")).body).get(`spillway_${name}{route="feed"${labels}}`);
  return { relay, source, target, admin, get, metric };
}

scene("the metrics move with the traffic, and add up", async (scene) => {
  const { relay, source, target, get, metric } = await rig(scene);
  await until("the routes are ready", async () => (await get("/readyz")).code === 200);
  assertEquals((await get("/healthz")).body, "ok\n");
  await scene.producer({ connect: loopback(source), frames: LINE, count: COUNT });
  await until("all of it is appended", async () => await metric("spilled_frames_total") === COUNT);
  assertEquals([await metric("target_up"), await metric("pending_bytes")], [0, COUNT * SIZE]);
  await until("the time without a consumer is told", async () => (await metric("target_away_seconds") ?? 0) > 0);
  await until("appended frames are synced", async () => (await metric("sync_seconds_count") ?? 0) > 0);

  const consumer = scene.consumer({ listen: loopback(target), frames: LINE });
  await until("everything is delivered", async () => await metric("delivered_frames_total") === COUNT);
  assertEquals(consumer.tally.frames, COUNT);
  const { body, headers } = await get("/metrics");
  assertMatch(headers.get("content-type")!, /^text\/plain; version=0\.0\.4/);
  const of = (name: string) => figuresOf(body).get(`spillway_${name}{route="feed"}`)!;
  const dropped = [...figuresOf(body)].filter(([name]) => name.startsWith("spillway_dropped_bytes_total"));
  assertEquals(dropped.length, 10, "all reasons are there");
  assertEquals(
    of("received_bytes_total") + of("carried_bytes"),
    of("delivered_bytes_total") + of("pending_bytes") + dropped.reduce((sum, [, value]) => sum + value, 0),
  );
  assertEquals([of("delivery_seconds_count"), of("target_up"), of("target_away_seconds")], [COUNT, 1, 0]);
  assert(of("target_connects_total") >= 1 && of("oldest_pending_seconds") === 0);
  assert(figuresOf(body).has("spillway_event_loop_lag_seconds"));
  assertEquals((await relay.stop()).code, 0);
});

scene("promtool finds nothing wrong with the metrics", async (scene) => {
  const { get, source } = await rig(scene);
  await scene.producer({ connect: loopback(source), frames: LINE, count: 10 });
  const [stdin, options] = [
    new Blob([(await get("/metrics")).body]).stream(),
    { stdout: "piped", stderr: "piped" } as const,
  ];
  const promtool = new Deno.Command("promtool", { args: ["check", "metrics"], stdin: "piped", ...options }).spawn();
  await stdin.pipeTo(promtool.stdin);
  const { code, stdout, stderr } = await promtool.output();
  assertEquals([code, new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr)], [0, ""]);
}, ["promtool"]);

scene("status over http is what the command prints", async (scene) => {
  const { get, source } = await rig(scene);
  await scene.producer({ connect: loopback(source), frames: LINE, count: 10 });
  const command = [...relayCommand(chosenRuntime()), "status", "--json", `${scene.directory}/journal`];
  // What passes with time differs between two questions.
  const still = ({ routes: [route] }: StatusReport): Partial<RouteStatus> =>
    Object.fromEntries(
      Object.entries(route).filter(([key]) => !/_seconds|_per_second|memory|oldest|target_/.test(key)),
    );
  await until("both say the same", async () => {
    const [page, printed] = await Promise.all([get("/status"), finish(command)]);
    const [one, other] = [JSON.parse(page.body), JSON.parse(printed.stdout)];
    assertEquals(Object.keys(one.routes[0]), Object.keys(other.routes[0]));
    return one.routes[0].at_risk_bytes === 0 && JSON.stringify(still(one)) === JSON.stringify(still(other));
  });
});

scene("a journal that takes no frames makes the relay not ready, until it takes them again", async (scene) => {
  const { get, source, target } = await rig(scene, { segment_bytes: "1MiB", max_bytes: "4MiB", when_full: "block" });
  await until("it is ready", async () => (await get("/readyz")).code === 200);
  const producing = scene.producer({ connect: loopback(source), frames: LINE, count: 60_000 });
  const full = await until("it is full", async () => {
    const answer = await get("/readyz");
    return answer.code === 503 && answer;
  });
  assertMatch(full.body, /^not ready: route feed: full: .*max_bytes/);
  assertEquals((await get("/healthz")).code, 200);
  scene.consumer({ listen: loopback(target), frames: LINE });
  await until("it is ready again", async () => (await get("/readyz")).code === 200);
  assertEquals((await producing).error, undefined);
});

scene("nothing but GET and HEAD for this host is answered, and half a request holds up nobody", async (scene) => {
  const { admin, get, relay } = await rig(scene);
  const refused = await get("/status", { method: "POST", body: "x" });
  assertEquals([refused.code, refused.headers.get("allow")], [405, "GET, HEAD"]);
  assertEquals((await get("/status", { method: "HEAD" })).body, "");
  assertEquals((await get("/nothing")).code, 404);
  for (const [name, value] of Object.entries({ "x-content-type-options": "nosniff", "cache-control": "no-store" })) {
    assertEquals((await get("/status")).headers.get(name), value);
  }
  const raw = async (text: string) => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: admin });
    await connection.write(new TextEncoder().encode(text));
    return await new Response(connection.readable).text().catch(() => "");
  };
  const asking = (host: string, more = "") =>
    `GET /status HTTP/1.1\r\nHost: ${host}\r\n${more}Connection: close\r\n\r\n`;
  assertMatch(await raw(asking("evil.example")), /^HTTP\/1\.1 421 .*found the host "evil\.example"/s);
  assertMatch(await raw(asking(`localhost:${admin}`)), /^HTTP\/1\.1 200 /);
  assertMatch(await raw(asking("localhost", `X: ${"a".repeat(64 * 1024)}\r\n`)), /^HTTP\/1\.1 431 |^$/);
  assertMatch(await raw("this is no http\r\n\r\n"), /^HTTP\/1\.1 400 |^$/);
  assertMatch(await raw("GET / HTTP/1.1\r\nHo"), /^HTTP\/1\.1 408 |^$/);

  const idle = await Promise.all(
    Array.from({ length: CONNECTIONS_MAX + 8 }, () => Deno.connect({ hostname: "127.0.0.1", port: admin })),
  );
  let closed = 0;
  for (const each of idle) each.read(new Uint8Array(1)).catch(() => null).then(() => closed++);
  await until("those that are too many are closed", () => closed >= 8);
  for (const each of idle) each.close();
  await until(
    "others are served again",
    async () => await get("/healthz").then(({ code }) => code === 200, () => false),
  );
  assertEquals((await relay.stop()).code, 0);
});

scene("a unix socket answers its user alone, and is gone after the stop", async (scene) => {
  const [source] = freePorts(1);
  const path = `${scene.directory}/http.sock`;
  const relay = await scene.spillway({
    head: { admin: { listen: `unix:${path}` } },
    routes: [{ name: "feed", source: { listen: `127.0.0.1:${source}` }, target: { connect: "127.0.0.1:1" } }],
  }).listening(source);
  assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
  using connection = await Deno.connect({ transport: "unix", path });
  await connection.write(
    new TextEncoder().encode("GET /healthz HTTP/1.1\r\nHost: any.example\r\nConnection: close\r\n\r\n"),
  );
  assertMatch(await new Response(connection.readable).text(), /^HTTP\/1\.1 200 .*\r\nok\n$/s);
  assertEquals((await relay.stop()).code, 0);
  assertEquals(await Deno.stat(path).then(() => true, () => false), false);
});

scene("a port that is in use ends the start, before any route has begun", async (scene) => {
  const [source, admin] = freePorts(2);
  using taken = Deno.listen({ hostname: "127.0.0.1", port: admin });
  const relay = scene.spillway({
    head: { admin: { listen: `127.0.0.1:${admin}` } },
    routes: [{ name: "feed", source: { listen: `127.0.0.1:${source}` }, target: { connect: "127.0.0.1:1" } }],
  });
  assertEquals(await relay.program.exited, 1);
  assertMatch(
    relay.program.errors.join("\n"),
    new RegExp(`error: admin\\.listen: 127\\.0\\.0\\.1:${admin} is already in use`),
  );
  assertEquals(relay.logged(/route ready/), []);
  assert(taken.addr.transport === "tcp");
});
