/** Connections of which one part is slow, each in its own way. The doctor looks at them, and says which. */
import { loopback, type PeerAddress } from "../../peers/address.ts";
import type { FrameKind } from "../../peers/frames.ts";
import { tcpRows } from "../../peers/kernel_queues.ts";
import { run } from "../rig/namespace.ts";
import { freePorts } from "../rig/ports.ts";
import type { Program } from "../rig/program.ts";
import type { Scene } from "../rig/scene.ts";
import { until } from "../rig/wait.ts";
import type { Wire } from "../rig/wire.ts";

const LINE: FrameKind = { kind: "line", size: 512 };
/** More than any test lets through. */
const ENDLESS = 1e9;

/** A connection that is in the state it is named after. */
export interface SlowSide {
  readonly port: number;
  readonly receiver?: Program;
  readonly sender?: Program;
}

/** The reader of the story: one thread that reads a little and works in between. */
export async function naiveReader(scene: Scene): Promise<SlowSide> {
  const [port] = freePorts(1);
  const receiver = scene.peer("naive_consumer", { listen: loopback(port), lines: ENDLESS, workMicros: 500 });
  await receiver.json();
  const sender = scene.peer("producer", { connect: loopback(port), frames: LINE, count: ENDLESS });
  await waitingAtReceiver(port);
  return { port, receiver, sender };
}

/** A consumer that SIGSTOP has stopped. */
export async function frozenConsumer(scene: Scene): Promise<SlowSide> {
  const [port] = freePorts(1);
  const { program } = await scene.consumerProcess({ listen: loopback(port), frames: LINE, untilFrames: ENDLESS });
  const sender = scene.peer("producer", { connect: loopback(port), frames: LINE, count: ENDLESS, bytesPerSecond: 5e6 });
  await connected(port);
  program.signal("SIGSTOP");
  await waitingAtReceiver(port);
  return { port, receiver: program, sender };
}

/** The producer works so long for each line that nothing ever waits. */
export async function busyProducer(scene: Scene): Promise<SlowSide> {
  const [port] = freePorts(1);
  const { program } = await scene.consumerProcess({ listen: loopback(port), frames: LINE, untilFrames: ENDLESS });
  const sender = scene.peer("busy_producer", { connect: loopback(port), frames: LINE, workMicros: 5_000 });
  await connected(port);
  return { port, receiver: program, sender };
}

/** A producer at a steady pace that its consumer keeps up with. */
export async function healthyPair(scene: Scene): Promise<SlowSide> {
  const [port] = freePorts(1);
  const { program } = await scene.consumerProcess({ listen: loopback(port), frames: LINE, untilFrames: ENDLESS });
  const options = { connect: loopback(port), frames: LINE, count: ENDLESS, bytesPerSecond: 100_000 };
  const sender = scene.peer("producer", options);
  await connected(port);
  return { port, receiver: program, sender };
}

/** A consumer behind a link that carries much less than is sent. Needs `tbf`. */
export async function slowLink(scene: Scene, wire: Wire, inside: readonly string[]): Promise<SlowSide> {
  const queue = ["rate", "4mbit", "burst", "16kb", "latency", "2s"];
  await run("tc", "qdisc", "add", "dev", wire.inwards.from.name, "root", "tbf", ...queue);
  return await across(scene, wire, inside);
}

/** A consumer behind a link that loses one packet in twenty. */
export async function lossyLink(scene: Scene, wire: Wire, inside: readonly string[]): Promise<SlowSide> {
  const side = await across(scene, wire, inside);
  wire.delayMs = 5;
  wire.loss = 0.05;
  return side;
}

/** A consumer 100 ms away whose kernel makes no buffer larger than 128 KiB. */
export async function smallBuffers(scene: Scene, wire: Wire, inside: readonly string[]): Promise<SlowSide> {
  const limit = ["sh", "-c", "echo 4096 131072 131072 > /proc/sys/net/ipv4/tcp_rmem"];
  await run(...inside, ...limit);
  wire.delayMs = 50;
  return await across(scene, wire, inside);
}

/** A producer at full speed here, its consumer at the wire's other end. */
async function across(scene: Scene, wire: Wire, inside: readonly string[]): Promise<SlowSide> {
  const [port] = freePorts(1);
  const address: PeerAddress = { hostname: wire.inside, port };
  const { program } = await scene.consumerProcess({ listen: address, frames: LINE, untilFrames: ENDLESS }, inside);
  const sender = scene.peer("producer", { connect: address, frames: LINE, count: ENDLESS });
  await until(
    "data waits at the sender",
    () => tcpRows().some((row) => row.remotePort === port && row.txQueue > 65_536),
  );
  return { port, receiver: program, sender };
}

async function connected(port: number): Promise<void> {
  await until(
    `a connection to port ${port}`,
    () => tcpRows().some((row) => row.remotePort === port && row.state === 1),
  );
}

async function waitingAtReceiver(port: number): Promise<void> {
  await until("the receiver's queue is full", () => {
    const rows = tcpRows().filter((row) => row.state === 1);
    return rows.some((row) => row.localPort === port && row.rxQueue > 32_768) &&
      rows.some((row) => row.remotePort === port && row.txQueue > 65_536);
  });
}
