/**
 * rsyslogd in the foreground with a configuration of the test's own: its own
 * pid file and work directory, loopback only, never the system's.
 */
import type { Program } from "./program.ts";
import { listeningOn } from "./ports.ts";
import type { Scene } from "./scene.ts";

/** Message as it was sent, whatever the header around it. */
const TEMPLATE = `template(name="message" type="string" string="%msg%\\n")`;

function start(scene: Scene, name: string, lines: readonly string[]): Program {
  const directory = `${scene.directory}/${name}`;
  Deno.mkdirSync(directory);
  const head = [
    `global(workDirectory="${directory}" maxMessageSize="64k" parser.escapeControlCharactersOnReceive="off")`,
    // As root rsyslogd would else drop to the user of the Debian package's configuration; nothing of that is read here.
    TEMPLATE,
  ];
  Deno.writeTextFileSync(`${directory}/rsyslog.conf`, [...head, ...lines, ""].join("\n"));
  return scene.program(name, ["rsyslogd", "-n", "-f", `${directory}/rsyslog.conf`, "-i", `${directory}/pid`]);
}

/** Receives on `port`, line or octet-count framing alike, and writes the messages to `file`, one a line. */
export async function receiveWithRsyslog(scene: Scene, port: number, file: string): Promise<Program> {
  const program = start(scene, "rsyslog-receiver", [
    `module(load="imtcp")`,
    `input(type="imtcp" address="127.0.0.1" port="${port}" ruleset="in")`,
    `ruleset(name="in") { action(type="omfile" file="${file}" template="message") }`,
  ]);
  await listeningOn(port, program.pid);
  return program;
}

/** Sends every line of `file` to `port` over omfwd. */
export function sendWithRsyslog(scene: Scene, file: string, port: number, octetCount: boolean): Program {
  return start(scene, "rsyslog-sender", [
    `module(load="imfile")`,
    `input(type="imfile" file="${file}" tag="e2e:" ruleset="out")`,
    `ruleset(name="out") { action(type="omfwd" target="127.0.0.1" port="${port}" protocol="tcp"`,
    `  TCP_Framing="${octetCount ? "octet-counted" : "traditional"}" template="RSYSLOG_SyslogProtocol23Format") }`,
  ]);
}
