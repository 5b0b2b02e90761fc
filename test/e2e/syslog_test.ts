/** Real programs on both ends: logger and rsyslog send, rsyslog receives; a real file comes out as it went in. */
import { assert, assertEquals } from "../support/assert.ts";
import { freePorts } from "./rig/ports.ts";
import { receiveWithRsyslog, sendWithRsyslog } from "./rig/rsyslog.ts";
import { type Scene, scene } from "./rig/scene.ts";
import type { Spillway } from "./rig/spillway.ts";
import { until } from "./rig/wait.ts";

/** Real text of this machine with empty lines, tabs and long lines; the licence is on every Debian. */
const CANDIDATES = ["/usr/share/common-licenses/GPL-3", "/var/log/dpkg.log", "/etc/services"];

for (const octetCount of [false, true]) {
  const framing = octetCount ? "octet-count" : "line";

  scene(`what logger sends with ${framing} framing comes out of rsyslog as the file it read`, async (scene) => {
    await throughRelay(scene, framing, realText(), async (file, port) => {
      const counting = octetCount ? ["--octet-count"] : [];
      const command = ["logger", "--tcp", "--server", "127.0.0.1", "--port", `${port}`, "--size", "16KiB", ...counting];
      const logger = scene.program("logger", [...command, "--file", file]);
      assertEquals(await logger.exited, 0);
    });
  }, ["logger", "rsyslog"]);

  scene(
    `what rsyslog sends with ${framing} framing comes out of another rsyslog as the file it read`,
    async (scene) => {
      const text = realText().replace(/^\n/gm, ""); // rsyslog's imfile skips empty lines
      await throughRelay(scene, framing, text, (file, port) => sendWithRsyslog(scene, file, port, octetCount));
    },
    ["rsyslog"],
  );
}

/** The receiver comes when the sender has begun; its file must then become the one that was sent. */
async function throughRelay(
  scene: Scene,
  framing: string,
  text: string,
  send: (file: string, port: number) => unknown,
): Promise<void> {
  const [source, target] = freePorts(2);
  const [sentFile, receivedFile] = [`${scene.directory}/sent.txt`, `${scene.directory}/received.txt`];
  Deno.writeTextFileSync(sentFile, text);
  Deno.writeTextFileSync(receivedFile, ""); // rsyslog appends
  const relay: Spillway = await scene.spillway([{
    name: "syslog",
    framing,
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `127.0.0.1:${target}` },
    journal: { dir: `${scene.directory}/journal` },
  }]).listening(source);
  await send(sentFile, source);
  const receiver = await receiveWithRsyslog(scene, target, receivedFile);
  const received = await until("the receiver's file is as long as the sender's", () => {
    const size = Deno.statSync(receivedFile).size;
    return size >= new TextEncoder().encode(text).length && Deno.readTextFileSync(receivedFile);
  });
  assertEquals((await relay.stop()).code, 0);
  assertEquals(await receiver.stop(), 0);
  const [sentLines, receivedLines] = [text.split("\n"), received.split("\n")];
  for (let i = 0; i < sentLines.length; i++) assertEquals(receivedLines[i], sentLines[i], `message ${i + 1}`);
  assert(received === text, "the files differ");
  scene.note(`${sentLines.length - 1} messages, ${text.length} characters`);
}

function realText(): string {
  return CANDIDATES.map((path) => {
    try {
      return Deno.readTextFileSync(path);
    } catch {
      return "";
    }
  }).join("");
}
