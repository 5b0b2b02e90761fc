/** The control socket: its permissions, its requests and answers, and its answers to bad requests. */
import { askSkip, askStatus } from "../../src/admin/client.ts";
import { Control } from "../../src/admin/control.ts";
import type { Request } from "../../src/admin/protocol.ts";
import { findControlGroup } from "../../src/admin/control_group.ts";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { SpillwayError } from "../../src/base/error.ts";
import { denoRuntime } from "../../src/runtime/deno/runtime.ts";
import { ConnectionLimit } from "../../src/runtime/connection_limit.ts";
import { until } from "../e2e/rig/wait.ts";
import { type LogLine, recordingLog } from "../spool/stories/surroundings.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../support/assert.ts";

const { net } = denoRuntime;

interface Setting {
  readonly directory: string;
  readonly path: string;
  readonly lines: LogLine[];
  open(answer: (request: Request) => Promise<unknown>, clock?: Clock, group?: number): Promise<Control | undefined>;
}

async function withDirectory(act: (setting: Setting) => Promise<void>, name = "journal"): Promise<void> {
  const parent = await Deno.makeTempDir({ prefix: "spillway-control-" });
  const directory = `${parent}/${name}`;
  await Deno.mkdir(directory);
  const lines: LogLine[] = [];
  const controls: (Control | undefined)[] = [];
  try {
    await act({
      directory,
      path: `${directory}/control`,
      lines,
      async open(answer, clock = systemClock, group?: number) {
        const log = recordingLog((line) => lines.push(line));
        const connectionLimit = new ConnectionLimit(Infinity, 0);
        const control = await Control.open({ directory, net, connectionLimit, clock, log, group, answer });
        controls.push(control);
        return control;
      },
    });
  } finally {
    for (const control of controls) await control?.close();
    await Deno.remove(parent, { recursive: true });
  }
}

/** What comes back for these bytes, up to the end of the connection. */
async function exchange(path: string, request: string | Uint8Array): Promise<string> {
  using connection = await Deno.connect({ transport: "unix", path });
  await connection.write(typeof request === "string" ? new TextEncoder().encode(request) : request);
  return await new Response(connection.readable).text();
}

const echo = (request: Request) => Promise.resolve(request);

Deno.test("only its user may connect to the socket, which answers and is gone when it is closed", () =>
  withDirectory(async ({ directory, path, open }) => {
    const control = await open(echo);
    assertEquals((await Deno.stat(path)).mode! & 0o7777, 0o600);
    assertEquals(await askStatus(net, directory) as unknown, { kind: "answered", answer: { ask: "status" } });
    assertEquals(await askSkip(net, directory, 7) as unknown, {
      kind: "answered",
      answer: { ask: "skip", until: 7, preview: false },
    });
    await control!.close();
    assertEquals([...Deno.readDirSync(directory)], []);
    assertEquals(await askStatus(net, directory), { kind: "absent" });
  }));

Deno.test("members of the control group may pass through the journal's directory to the socket, and do no more there", () =>
  withDirectory(async ({ directory, path, open, lines }) => {
    const group = Deno.uid() === 0 ? 61_184 : Deno.gid()!;
    await Deno.chmod(directory, 0o700);
    await open(echo, systemClock, group);
    const modes = [directory, path].map((each) => Deno.statSync(each)).map(({ mode, gid }) => [mode! & 0o7777, gid]);
    assertEquals(modes, [[0o710, group], [0o660, group]]);
    const parent = directory.slice(0, directory.lastIndexOf("/"));
    assertEquals(lines.map(({ message, fields }) => [message, fields?.directory]), [
      ["the control socket is out of reach for admin.control_group", parent],
    ]);
  }));

Deno.test("a control group that is none, or that is not the user's, is an error with a hint", async () => {
  const unknown = await assertRejects(() => findControlGroup("no-such-group"), SpillwayError);
  assertEquals([unknown.message, unknown.exit], [
    'admin.control_group: found "no-such-group", which is no group of this system',
    2,
  ]);
  assertMatch(unknown.hint!, /by its number/);
  assertEquals([await findControlGroup("61184"), await findControlGroup("root")], [61_184, 0]);
});

Deno.test("bad requests get an error that says what was found and what is known", () =>
  withDirectory(async ({ path, open, lines }) => {
    await open(echo);
    const hint = "ask with the same version of spillway that runs";
    const cases: [string | Uint8Array, string][] = [
      ["\n", 'control socket: found "", expected a JSON object with "ask"'],
      ["status\n", 'control socket: found "status", expected a JSON object with "ask"'],
      ["[1]\n", 'control socket: found "[1]", expected a JSON object with "ask"'],
      ["null\n", 'control socket: found "null", expected a JSON object with "ask"'],
      ['{"ask":"stop"}\n', 'control socket: found ask "stop", this daemon knows "status" and "skip"'],
      ['{"ask":"skip"}\n', "control socket: skip: found until undefined, expected a sequence"],
      ['{"ask":"skip","until":-1}\n', "control socket: skip: found until -1, expected a sequence"],
      ['{"ask":"skip","until":1.5}\n', "control socket: skip: found until 1.5, expected a sequence"],
      ['{"ask":"skip","until":"9"}\n', 'control socket: skip: found until "9", expected a sequence'],
      [Uint8Array.of(0xff, 0xfe, 10), 'control socket: found "\ufffd\ufffd", expected a JSON object with "ask"'],
    ];
    for (const [request, error] of cases) {
      assertEquals(JSON.parse(await exchange(path, request)), { error, hint, exit: 2 });
    }
    const endless = JSON.parse(await exchange(path, "x".repeat(1024)));
    assertMatch(endless.error, /expected a line of at most 1024 bytes/);
    assertEquals(lines, [], "a client's mistakes are not logged");
  }));

Deno.test("an error of the route is sent to the client, a defect of the program is logged as well", () =>
  withDirectory(async ({ directory, open, lines }) => {
    await open(({ ask }) => {
      if (ask === "status") throw new TypeError("broken");
      return Promise.reject(new SpillwayError("no", { hint: "do not", exit: 75 }));
    });
    const refused = await assertRejects(() => askSkip(net, directory, 1), SpillwayError, "no");
    assertEquals([refused.hint, refused.exit], ["do not", 75]);
    await assertRejects(() => askStatus(net, directory), SpillwayError, "broken");
    assertEquals(lines.map(({ level, message }) => [level, message]), [["error", "a control request failed"]]);
  }));

Deno.test("a socket that a killed daemon left is replaced; another's file is left alone, with a warning", () =>
  withDirectory(async ({ directory, path, open, lines }) => {
    const script = `Deno.listen({ transport: "unix", path: ${JSON.stringify(path)} }); Deno.kill(Deno.pid, "SIGKILL");`;
    await new Deno.Command(Deno.execPath(), { args: ["eval", script] }).output();
    assert((await Deno.stat(path)).isSocket);
    assertEquals(await askStatus(net, directory), { kind: "absent" });
    const control = await open(echo);
    assertEquals((await askStatus(net, directory)).kind, "answered");
    await control!.close();
    await Deno.writeTextFile(path, "mine");
    assertEquals(await open(echo), undefined);
    assertEquals(await Deno.readTextFile(path), "mine");
    assertMatch(
      lines[0].message,
      /^no control socket: status reads the journal's files, skip needs the daemon stopped/,
    );
  }));

Deno.test("a path that is too long for a socket is a warning with its length", () =>
  withDirectory(async ({ directory, open, lines }) => {
    assertEquals(await open(echo), undefined);
    const length = `${directory}/control`.length;
    assertEquals(lines.map(({ level }) => level), ["warn"]);
    assertMatch(String(lines[0].fields.error), new RegExp(`found ${length} bytes, a socket's path has at most 107$`));
    assertEquals(await askStatus(net, directory), { kind: "absent" });
  }, "j".repeat(100)));

Deno.test("a client that sends nothing is disconnected in the end, and does not hold up others", () =>
  withDirectory(async ({ path, directory, open }) => {
    // Time passes when the test says so.
    let pass = () => {};
    const passed = new Promise<void>((resolve) => pass = resolve);
    const sleep = (_ms: number, signal?: AbortSignal) =>
      Promise.race([passed, new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()))]);
    await open(echo, { ...systemClock, sleep });
    using mute = await Deno.connect({ transport: "unix", path });
    assertEquals((await askStatus(net, directory)).kind, "answered");
    pass();
    assertEquals(await mute.read(new Uint8Array(1)).catch(() => null), null);
  }));

Deno.test("too many connections at once are refused with an error", () =>
  withDirectory(async ({ directory, path, open }) => {
    await open(echo);
    const mute = await Promise.all(Array.from({ length: 16 }, () => Deno.connect({ transport: "unix", path })));
    try {
      const said = await until("it is full", async () => {
        const line = await exchange(path, '{"ask":"status"}\n');
        return line.includes("error") && JSON.parse(line);
      });
      const why = "control socket: 16 connections are open already";
      assertEquals([said.error, said.exit], [why, 75]);
      assertEquals(await askStatus(net, directory), { kind: "silent", why }, "the files can tell");
      assertEquals((await assertRejects(() => askSkip(net, directory, 1), SpillwayError)).exit, 75);
    } finally {
      for (const each of mute) each.close();
    }
    await until("it is free again", async () => (await exchange(path, '{"ask":"status"}\n')).includes("answer"));
  }));

Deno.test("a daemon that does not answer is silent, not absent", () =>
  withDirectory(async ({ directory, path }) => {
    using listener = Deno.listen({ transport: "unix", path });
    const accepted = listener.accept();
    const asked = await askStatus(net, directory);
    (await accepted).close();
    assertEquals(asked, { kind: "silent", why: "no answer within 2 s" });
    listener.accept().then((connection) => connection.close());
    assertEquals((await askStatus(net, directory)).kind, "silent", "one that hangs up without a word");
  }));
