/** What `check` finds out about a machine on which something else runs already. */
import { assert, assertEquals } from "../../support/assert.ts";
import { missing } from "../rig/needs.ts";
import { reachableProgram } from "../rig/relay_command.ts";
import { finish, spillway, withDirectory } from "./program.ts";

async function configIn(directory: string, listen: string, journal = `${directory}/journal`): Promise<string> {
  const file = `${directory}/spillway.toml`;
  await Deno.writeTextFile(
    file,
    `[[route]]\nname = "feed"\nsource.listen = "${listen}"\ntarget.connect = "127.0.0.1:1"\njournal.dir = "${journal}"\n` +
      'journal.min_free = "0B"\n',
  );
  return file;
}

Deno.test("check names a port that is in use, and run does in the same words", () =>
  withDirectory(async (directory) => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const address = `127.0.0.1:${(listener.addr as Deno.NetAddr).port}`;
    const config = await configIn(directory, address);
    const { code, stderr } = await spillway(["check", "-c", config]);
    assertEquals(code, 1);
    assert(stderr.includes(`error: route feed: source.listen: ${address} is already in use\nhint: `), stderr);
    const run = await spillway(["run", "-c", config]);
    assertEquals([run.code, run.stderr], [1, stderr], "run says the same");
  }));

Deno.test("check names a unix socket on which a process listens, and leaves it alone", () =>
  withDirectory(async (directory) => {
    const path = `${directory}/a.sock`;
    using listener = Deno.listen({ transport: "unix", path });
    const accepted = listener.accept();
    const { code, stderr } = await spillway(["check", "-c", await configIn(directory, `unix:${path}`)]);
    (await accepted).close();
    assertEquals(code, 1);
    assert(stderr.includes(`error: route feed: source.listen: unix:${path} is already in use\n`), stderr);
    assert((await Deno.stat(path)).isSocket);
  }));

Deno.test("check accepts the file of a unix socket on which no process listens, and leaves it there", () =>
  withDirectory(async (directory) => {
    const path = `${directory}/a.sock`;
    const script = `Deno.listen({ transport: "unix", path: ${JSON.stringify(path)} }); Deno.kill(Deno.pid, "SIGKILL");`;
    await finish([Deno.execPath(), "eval", script]);
    assert((await Deno.stat(path)).isSocket);
    const { code, stderr } = await spillway(["check", "-c", await configIn(directory, `unix:${path}`)]);
    assertEquals(code, 0, stderr);
    assert((await Deno.stat(path)).isSocket);
  }));

Deno.test("check names the daemon that holds the journal, and takes its ports for granted", () =>
  withDirectory(async (directory) => {
    await Deno.mkdir(`${directory}/journal`);
    using lock = await Deno.open(`${directory}/journal/lock`, { create: true, write: true, read: true });
    await lock.write(new TextEncoder().encode("pid 4711 of somebody\n"));
    await lock.lock(true);
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const address = `127.0.0.1:${(listener.addr as Deno.NetAddr).port}`;
    const { code, stderr } = await spillway(["check", "-c", await configIn(directory, address)]);
    assert(
      stderr.includes(`note: route feed: journal ${directory}/journal is in use by pid 4711 of somebody\n`),
      stderr,
    );
    assert(stderr.includes(`note: route feed: source.listen: ${address} is in use, it seems by the daemon`), stderr);
    assertEquals(code, 0);
  }));

const withoutSetpriv = missing("setpriv");

Deno.test({
  name: "check names the journal directory, its owner and the user that cannot write it" +
    (withoutSetpriv === undefined ? "" : ` (skipped: ${withoutSetpriv})`),
  ignore: withoutSetpriv !== undefined,
  fn: () =>
    withDirectory(async (directory) => {
      await Deno.mkdir(`${directory}/journals`, { mode: 0o755 });
      await Deno.chmod(directory, 0o755);
      const config = await configIn(directory, "127.0.0.1:0", `${directory}/journals/feed`);
      const [program, ...args] = [...await reachableProgram(directory), "check", "-c", config];
      const asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, ...args];
      const { code, stderr } = await finish(asNobody, { env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/" } });
      assertEquals(code, 1, stderr);
      const text = `error: route feed: journal ${directory}/journals/feed: ${directory}/journals belongs to root and ` +
        `cannot be written by nobody: `;
      assert(stderr.includes(text), stderr);
    }),
});

Deno.test({
  name: "check names the files of a journal that another user has left" +
    (withoutSetpriv === undefined ? "" : ` (skipped: ${withoutSetpriv})`),
  ignore: withoutSetpriv !== undefined,
  fn: () =>
    withDirectory(async (directory) => {
      const journal = `${directory}/journal`;
      await Deno.mkdir(journal);
      await Deno.chmod(directory, 0o755);
      await Deno.chown(journal, 65534, 65534);
      for (const name of ["cursor", "lock"]) await Deno.writeTextFile(`${journal}/${name}`, "", { mode: 0o600 });
      const config = await configIn(directory, "127.0.0.1:0", journal);
      const [program, ...args] = [...await reachableProgram(directory), "check", "-c", config];
      const asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, ...args];
      const { code, stderr } = await finish(asNobody, { env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/" } });
      assertEquals(code, 1, stderr);
      const text =
        `journal ${journal}: ${journal}/lock, and 1 more cannot be read and written by nobody; it belongs to root`;
      assert(stderr.includes(`error: route feed: ${text}\nhint: chown -R nobody ${journal}, or run as root\n`), stderr);
    }),
});

Deno.test("check --probe says how long the journal's disk pauses, and leaves nothing there", () =>
  withDirectory(async (directory) => {
    const file = await configIn(directory, "127.0.0.1:0");
    await Deno.writeTextFile(file, 'journal.sync = "interval"\n', { append: true });
    const { code, stderr } = await spillway(["check", "--probe", "-c", file]);
    assertEquals(code, 0, stderr);
    assert(
      new RegExp(`^note: route feed: ${directory} took .*, one write .* at most; for so long memory`, "m").test(stderr),
      stderr,
    );
    assertEquals([...Deno.readDirSync(directory)].map(({ name }) => name), ["spillway.toml"]);
  }));
