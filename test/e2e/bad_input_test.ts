/** What an operator gets wrong around a running relay: each is refused, named, and harms nothing. */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { loopback } from "../peers/address.ts";
import type { FrameKind } from "../peers/frames.ts";
import type { ConfigTable } from "./rig/config.ts";
import { missing } from "./rig/needs.ts";
import { makeNewer, newestSegment } from "./rig/journal_files.ts";
import { freePorts } from "./rig/ports.ts";
import { type Scene, scene } from "./rig/scene.ts";
import type { Spillway } from "./rig/spillway.ts";
import { until } from "./rig/wait.ts";

const LINE: FrameKind = { kind: "line", size: 100 };
const BUSY = 75;

function route(scene: Scene, source: number, target: number, journal: ConfigTable = {}): ConfigTable {
  return {
    name: "feed",
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `127.0.0.1:${target}` },
    journal: { dir: `${scene.directory}/journal`, ...journal },
  };
}

/** The number of a user, and the name if the system knows one; passwd(5). */
function namesOf(uid: number): string[] {
  const entry = Deno.readTextFileSync("/etc/passwd").split("\n").find((line) => line.split(":")[2] === `${uid}`);
  return entry === undefined ? [`${uid}`] : [`${uid}`, entry.split(":")[0]];
}

/** What it said until it ended. */
async function lastWords(relay: Spillway): Promise<string> {
  await until("a relay that must not run ends", () => relay.program.exitCode !== undefined);
  return relay.program.errors.join("\n");
}

scene("a second daemon on the same journal exits 75 and names the one that holds it", async (scene) => {
  const [source, target, other] = freePorts(3);
  const first = await scene.spillway([route(scene, source, target)]).listening(source);
  const second = scene.spillway([route(scene, other, target)], { name: "second" });
  const words = await lastWords(second);
  assertEquals(second.program.exitCode, BUSY, words);
  assertMatch(words, new RegExp(`\\b${first.pid}\\b`));
  assert(words.includes(`${scene.directory}/journal`), `the journal is not named:\n${words}`);
  assertEquals(first.program.exitCode, undefined, "the first one runs on");
  assertEquals((await first.stop()).code, 0);
  assertEquals((await (await scene.spillway([route(scene, source, target)]).listening(source)).stop()).code, 0);
});

scene("a port in use is named", async (scene) => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  scene.defer(() => listener.close());
  const [target] = freePorts(1);
  const port = (listener.addr as Deno.NetAddr).port;
  const relay = scene.spillway([route(scene, port, target)]);
  const words = await lastWords(relay);
  assert(relay.program.exitCode !== 0, "it must not start");
  assertMatch(words, new RegExp(`127\\.0\\.0\\.1:${port}\\b`));
  assertMatch(words, /in use/);
});

scene("a journal directory without write permission is named together with the user", async (scene) => {
  const [source, target] = freePorts(2);
  const asRoot = Deno.uid() === 0;
  Deno.chmodSync(scene.directory, 0o755);
  Deno.mkdirSync(`${scene.directory}/journal`, { mode: 0o555 });
  const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  const relay = scene.spillway([route(scene, source, target)], { inside: asRoot ? nobody : [] });
  const words = await lastWords(relay);
  assert(relay.program.exitCode !== 0, "it must not start");
  assert(words.includes(`${scene.directory}/journal`), `the path is not named:\n${words}`);
  assertMatch(words, new RegExp(`\\bby .*\\b(${namesOf(asRoot ? 65534 : Deno.uid()!).join("|")})\\b`));
  assertMatch(words, /EACCES|permission/i);
}, Deno.uid() === 0 && missing("setpriv") !== undefined ? ["setpriv"] : []);

scene("a journal of a newer format version is refused and not touched", async (scene) => {
  const [source, target] = freePorts(2);
  const first = await scene.spillway([route(scene, source, target)]).listening(source);
  await scene.producer({ connect: loopback(source), frames: LINE, count: 1_000 });
  assertEquals((await first.stop()).code, 0);
  const segment = newestSegment(`${scene.directory}/journal`);
  makeNewer(segment);
  const before = Deno.readFileSync(segment);
  const second = scene.spillway([route(scene, source, target)]);
  const words = await lastWords(second);
  assert(second.program.exitCode !== 0, "it must not start");
  assertMatch(words, /version/);
  assert(words.includes(segment), `the file is not named:\n${words}`);
  assertEquals(Deno.readFileSync(segment), before, "the file is as it was");
});
