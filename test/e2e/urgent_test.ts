/** A byte that a producer or a consumer sends as urgent data is a byte of the stream, and holds nothing back. */
import type { Connection, Listener } from "../../src/runtime/net.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { addressText, loopback, type PeerAddress } from "../peers/address.ts";
import { hasUnixUrgent, sendUrgent } from "../runtime/libc.ts";
import { assertEquals } from "../support/assert.ts";
import { freePorts } from "./rig/ports.ts";
import { type Scene, scene } from "./rig/scene.ts";
import { until } from "./rig/wait.ts";

const { net } = await currentRuntime();

/** What is sent: the first line, whose middle is urgent, and the second, which comes behind it. */
const [BEFORE, URGENT, BEHIND] = ["fir", "s", "t\nsecond\n"];

scene("over TCP an urgent byte and what follows it are relayed though nothing more comes", (scene) => {
  const [source, target] = freePorts(2);
  return relayUrgent(scene, loopback(source), loopback(target));
});

if (hasUnixUrgent()) {
  scene(
    "over unix sockets an urgent byte and what follows it are relayed though nothing more comes",
    (scene) =>
      relayUrgent(scene, { path: `${scene.directory}/source.sock` }, { path: `${scene.directory}/target.sock` }),
  );
}

async function relayUrgent(scene: Scene, source: PeerAddress, target: PeerAddress): Promise<void> {
  const atTarget = await net.listen(addressOf(target));
  scene.defer(() => atTarget.close());
  const relay = scene.spillway([{
    name: "feed",
    source: { listen: addressText(source), max_connections: 1 },
    target: { connect: addressText(target), replies: "forward" },
    journal: { dir: `${scene.directory}/journal` },
  }]);
  const consumer = await connectionOf(scene, atTarget);
  const producer = await net.connect(addressOf(source), 5_000);
  scene.defer(() => producer.close());
  // When this has gone through, the relay reads both.
  await writeText(producer, "0\n");
  assertEquals(await textOf(consumer, 2), "0\n");
  await writeText(consumer, "0\n");
  assertEquals(await textOf(producer, 2), "0\n");

  for (const [from, made, to] of [[producer, "dialled", consumer], [consumer, "accepted", producer]] as const) {
    // The relay is to find all of it at once.
    relay.freeze();
    await writeText(from, BEFORE);
    sendUrgent(from, made, URGENT.charCodeAt(0));
    await writeText(from, BEHIND);
    relay.program.signal("SIGCONT");
    const expected = BEFORE + URGENT + BEHIND;
    let read = "";
    textOf(to, expected.length).then((text) => read = text, () => {});
    await until("both lines", () => read !== "");
    assertEquals(read, expected);
  }
  assertEquals((await relay.stop()).code, 0);
}

async function connectionOf(scene: Scene, listener: Listener): Promise<Connection> {
  const connection = await listener.accept();
  scene.defer(() => connection!.close());
  return connection!;
}

async function writeText(connection: Connection, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let done = 0; done < bytes.length;) done += await connection.write(bytes.subarray(done));
}

async function textOf(connection: Connection, length: number): Promise<string> {
  const buffer = new Uint8Array(length);
  let text = "";
  while (text.length < length) {
    const count = await connection.read(buffer.subarray(text.length));
    text += new TextDecoder().decode(buffer.subarray(text.length, text.length + count!));
  }
  return text;
}

function addressOf(address: PeerAddress) {
  return "path" in address
    ? { kind: "unix", path: address.path } as const
    : { kind: "tcp", host: address.hostname, port: address.port } as const;
}
