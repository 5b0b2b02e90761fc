/** What `--help` shows as an example works: each is run in a directory as after a first session. */
import { COMMANDS } from "../../../src/cli/commands.ts";
import { assert } from "../../support/assert.ts";
import { captureFile } from "../../doctor/capture/capture_files.ts";
import { stalled } from "../../doctor/capture/conversations.ts";
import { missing } from "../rig/needs.ts";
import { freePorts } from "../rig/ports.ts";
import { chosenRuntime, relayCommand } from "../rig/relay_command.ts";
import { finish, withDirectory } from "./program.ts";

const TARGET = "127.0.0.1:9001";

/** These go on until they are interrupted. */
const ENDLESS = /^spillway (run|status --watch|cat --follow)/;

/** Its exit code is a verdict: that something is slow or nobody has the port, that no daemon runs. */
const VERDICT = /^spillway (doctor|status --check)/;

const HAS_JQ = missing("jq") === undefined;

/** Plays six seconds at full speed, and has tests of its own. */
const APART = "demo";

const SESSION = `
spillway run -c spillway.toml 2> log &
until port=$(grep -o 'listens on 127.0.0.1:[0-9]*' log | cut -d: -f2) && [ -n "$port" ]; do sleep 0.01; done
exec 3<> "/dev/tcp/127.0.0.1/$port"
for i in $(seq 120); do echo "ORDER-4711, line $i"; done > lines
cat lines >&3
exec 3>&-
until grep -q 'source disconnected' log; do sleep 0.01; done
kill %1
wait
`;

const CONFIG = `[[route]]
name = "feed"
source.listen = "127.0.0.1:0"
target.connect = "127.0.0.1:1"
journal = { mode = "always", min_free = "0B" }
`;

/** As it stands, but for what a test must not do: fixed ports, other directories, an endless or a long command, a question. */
function runnable(example: string, port: number): string {
  const changed = example
    .replaceAll(TARGET, `127.0.0.1:${port}`)
    .replaceAll("--listen :9000", "--listen 127.0.0.1:0")
    .replaceAll(/\/etc\/(systemd\/system|prometheus\/rules)\//g, "")
    .replace(/ --seconds \d+/, "")
    .replace(/^spillway doctor (?!--pcap)/, "spillway doctor --seconds 1 ")
    .replaceAll(/\| jq .*$/g, (jq) => HAS_JQ ? jq : "| cat")
    .replace(/^(spillway skip .*)$/, "$1 --yes");
  return ENDLESS.test(changed) ? `timeout --preserve-status -s TERM 2 ${changed}` : changed;
}

for (const [name, entry] of Object.entries(COMMANDS)) {
  if (name === APART) continue;
  Deno.test(`the examples of spillway help ${name} run as they stand`, () =>
    withDirectory(async (directory) => {
      const words = relayCommand(chosenRuntime()).map((word) => `'${word}'`).join(" ");
      await Deno.mkdir(`${directory}/bin`);
      await Deno.writeTextFile(`${directory}/bin/spillway`, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
      await Deno.writeTextFile(`${directory}/spillway.toml`, CONFIG);
      await Deno.writeFile(`${directory}/capture.pcap`, captureFile(stalled().packets));
      const env = { PATH: `${directory}/bin:/usr/local/bin:/usr/bin:/bin`, HOME: directory };
      const bash = (command: string) => finish(["bash", "-c", `set -o pipefail; ${command}`], { cwd: directory, env });
      const session = await bash(SESSION);
      assert(session.code === 0, session.stderr);
      const [port] = freePorts(1);
      const sink = [
        ...relayCommand(chosenRuntime()),
        ...["run", "--listen", `127.0.0.1:${port}`, "--to", "127.0.0.1:1", "--mode", "always", "--journal", "sink"],
      ];
      const target = new Deno.Command(sink[0], {
        args: sink.slice(1),
        cwd: directory,
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn();
      try {
        for (const { command } of (await entry.load()).examples) {
          const { code, stdout, stderr } = await bash(runnable(command, port));
          assert(
            code === 0 || (code === 1 || code === 2) && VERDICT.test(command) && stderr === "",
            `${command}\nexit code ${code}\n${stdout}${stderr}`,
          );
        }
      } finally {
        target.kill("SIGTERM");
        await target.status;
      }
    }));
}
