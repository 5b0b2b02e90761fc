/** `[admin] control_group`: who else may ask the daemon, and what they cannot do. */
import type { StatusReport } from "../../src/admin/status.ts";
import { loopback } from "../peers/address.ts";
import type { FrameKind } from "../peers/frames.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { finish, type Finished } from "./cli/program.ts";
import { freePorts } from "./rig/ports.ts";
import { reachableProgram } from "./rig/relay_command.ts";
import { scene } from "./rig/scene.ts";
import { until } from "./rig/wait.ts";

/** Numbers that belong to nobody. */
const GROUP = 61_185;
const USER = 61_184;
const LINE: FrameKind = { kind: "line", size: 100 };

const ENV = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/" };

function as(groups: readonly number[], words: readonly string[]): Promise<Finished> {
  const other = ["setpriv", `--reuid=${USER}`, `--regid=${USER}`];
  const member = groups.length > 0 ? `--groups=${groups.join()}` : "--clear-groups";
  return finish([...other, member, ...words], { env: ENV });
}

scene(
  "members of control_group can ask the daemon by configuration and by path, and read no frame; others cannot",
  async (scene) => {
    const [source, target] = freePorts(2);
    Deno.chmodSync(scene.directory, 0o755);
    const program = await reachableProgram(scene.directory);
    const directory = `${scene.directory}/journal`;
    const relay = await scene.spillway({
      head: { admin: { control_group: String(GROUP) } },
      routes: [{
        name: "feed",
        source: { listen: `127.0.0.1:${source}` },
        target: { connect: `127.0.0.1:${target}` },
        journal: { dir: directory, mode: "always" },
      }],
    }).listening(source);
    await scene.producer({ connect: loopback(source), frames: LINE, count: 10 });
    await until("there is a segment", () => [...Deno.readDirSync(directory)].some(({ name }) => name.endsWith(".seg")));
    const config = `${scene.directory}/spillway.toml`;
    for (const words of [["-c", config], [directory]]) {
      const status = [...program, "status", "--json", ...words];
      const member = await as([GROUP], status);
      assertEquals([member.code, member.stderr], [0, ""]);
      const { routes }: StatusReport = JSON.parse(member.stdout);
      assertEquals(routes.map(({ from, pending_frames, pid }) => [from, pending_frames, pid]), [[
        "daemon",
        10,
        relay.pid,
      ]]);
      const other = await as([], status);
      assert(other.code !== 0 && !other.stdout.includes('"from":"daemon"'), other.stdout);
    }
    const cat = await as([GROUP], [...program, "cat", directory]);
    assertEquals([cat.code, cat.stdout], [1, ""]);
    assertMatch(cat.stderr, /EACCES/);
    assertEquals((await relay.stop()).code, 0);
  },
  ["setpriv"],
);

scene(
  "a control group that is unknown, or not the daemon's own, keeps it from starting, with a hint",
  async (scene) => {
    Deno.chmodSync(scene.directory, 0o755);
    const program = await reachableProgram(scene.directory);
    const config = `${scene.directory}/c.toml`;
    const route = '[[route]]\nname = "feed"\nsource.listen = "127.0.0.1:0"\ntarget.listen = "127.0.0.1:0"\n';
    const start = async (group: string) => {
      Deno.writeTextFileSync(config, `${route}[admin]\ncontrol_group = "${group}"\n`);
      const { code, stderr } = await as([], [...program, "run", "-c", config]);
      return [code, ...stderr.trim().split("\n")];
    };
    assertEquals(await start("no-such-group"), [
      2,
      'error: admin.control_group: found "no-such-group", which is no group of this system',
      "hint: getent group lists them; one that is not in /etc/group is given by its number",
    ]);
    assertEquals(await start("0"), [
      2,
      `error: admin.control_group: found "0", and uid ${USER} is not in this group`,
      `hint: usermod --append --groups 0 uid ${USER}; of a service Group=0 in its unit`,
    ]);
    const checked = await finish([...program, "check", "-q", "-c", config], { env: ENV });
    assertEquals([checked.code, checked.stderr], [0, ""]);
    Deno.writeTextFileSync(config, `${route}[admin]\ncontrol_group = "no-such-group"\n`);
    const unknown = await finish([...program, "check", "-q", "-c", config], { env: ENV });
    assertEquals([unknown.code, unknown.stderr.split("\n")[0]], [
      1,
      'error: admin.control_group: found "no-such-group", which is no group of this system',
    ]);
  },
  ["setpriv"],
);
