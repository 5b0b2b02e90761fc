/** Bytes that are no frames end the connection that sent them, and nothing else. */
import { assertEquals } from "../support/assert.ts";
import { connectTo, loopback } from "../peers/address.ts";
import { frameFormat, type FrameKind } from "../peers/frames.ts";
import type { ConfigTable } from "./rig/config.ts";
import { freePorts } from "./rig/ports.ts";
import { assertPerfect, scene } from "./rig/scene.ts";
import { until } from "./rig/wait.ts";

interface Offence {
  readonly name: string;
  readonly framing: ConfigTable;
  readonly frames: FrameKind;
  readonly bytes: Uint8Array;
}

const LINE: FrameKind = { kind: "line", size: 200 };
const BINARY: FrameKind = { kind: "binary", seed: 5 };

const OFFENCES: readonly Offence[] = [
  {
    name: "a line longer than max_frame",
    framing: { type: "line", max_frame: "16KiB" },
    frames: LINE,
    bytes: new Uint8Array(40_000).fill(120),
  },
  {
    name: "a length prefix beyond max_frame",
    framing: { type: "length-prefix", width: 4, endian: "big", max_frame: "16KiB" },
    frames: BINARY,
    bytes: new Uint8Array([0x7f, 0xff, 0xff, 0xff, 1, 2, 3]),
  },
];

for (const offence of OFFENCES) {
  scene(`${offence.name} closes that connection only, and the log shows the peer and the bytes`, async (scene) => {
    const [source, target] = freePorts(2);
    const relay = await scene.spillway([{
      name: "feed",
      framing: offence.framing,
      source: { listen: `127.0.0.1:${source}` },
      target: { connect: `127.0.0.1:${target}` },
      journal: { dir: `${scene.directory}/journal` },
    }]).listening(source);
    const consumer = scene.consumer({ listen: loopback(target), frames: offence.frames });
    const good = await connectTo(loopback(source));
    scene.defer(() => good.close());
    await good.write(frame(offence.frames, 0));
    const bad = await connectTo(loopback(source)) as Deno.TcpConn;
    const peer = bad.localAddr.port;
    await bad.write(offence.bytes).catch(() => {});
    await endOf(bad);
    await good.write(frame(offence.frames, 1));
    await until("the good connection's second frame", () => consumer.tally.has(1));
    await until(`a log line names port ${peer} and ${hex(offence.bytes)}…`, () => {
      return relay.logged(new RegExp(`\\b${peer}\\b`)).some((line) => line.includes(hex(offence.bytes)));
    });
    assertEquals((await relay.stop()).code, 0);
    assertPerfect(consumer.report(2), 2);
  });
}

scene("an unfinished frame when a connection ends is dropped and logged, not delivered", async (scene) => {
  const [source, target] = freePorts(2);
  const relay = await scene.spillway([{
    name: "feed",
    source: { listen: `127.0.0.1:${source}` },
    target: { connect: `127.0.0.1:${target}` },
    journal: { dir: `${scene.directory}/journal` },
  }]).listening(source);
  const consumer = scene.consumer({ listen: loopback(target), frames: LINE });
  const torn = await connectTo(loopback(source)) as Deno.TcpConn;
  await torn.write(frame(LINE, 0));
  await torn.write(frame(LINE, 1).subarray(0, 77));
  torn.close();
  await scene.producer({ connect: loopback(source), frames: LINE, first: 1, count: 1 });
  await until("the next producer's frame", () => consumer.tally.has(1) || consumer.damage);
  await relay.saying(/ended within a frame/);
  assertEquals((await relay.stop()).code, 0);
  assertPerfect(consumer.report(2), 2);
});

function frame(kind: FrameKind, sequence: number): Uint8Array {
  const format = frameFormat(kind);
  const bytes = new Uint8Array(format.sizeMax);
  return bytes.subarray(0, format.write(bytes, 0, 0, sequence));
}

/** Reads until the other side has closed or reset the connection. */
async function endOf(connection: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(1_024);
  try {
    while (await connection.read(buffer) !== null);
  } catch { /* reset is an end too */ }
  connection.close();
}

/** The first bytes as the log shows them. */
function hex(bytes: Uint8Array): string {
  return [...bytes.subarray(0, 7)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
