/** The demo's two acts: the producer against a slow consumer, first alone, then with the relay in between. */
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../../base/clock.ts";
import { describeErrno, SpillwayError } from "../../../base/error.ts";
import { formatAddress } from "../../../runtime/address.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import { systemError } from "../../../runtime/system_error.ts";
import { RelayProcess } from "./relay_process.ts";
import { configFor, unreadBytesMax } from "./config.ts";
import { Consumer } from "./consumer.ts";
import { LINE_BYTES, Producer } from "./producer.ts";

const LOOPBACK = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;
const LINES = 400_000;
const LINES_PER_SECOND = 80_000;
const SLOW_BYTES_PER_SECOND = 1_000_000;
const CONNECT_MS = 3000;

/** What a tick of the timeline shows. */
export interface Moment {
  readonly elapsedMs: number;
  readonly sentLines: number;
  readonly receivedLines: number;
  readonly consumer: string;
}

export interface Outcome {
  readonly alone: { readonly gaveUp: boolean; readonly sentLines: number; readonly stallMs: number };
  readonly sentLines: number;
  readonly totalLines: number;
  readonly gaveUp: boolean;
  readonly stallMs: number;
  readonly consumer: Consumer;
  /** Most bytes in the journal at once. */
  readonly journalPeakBytes: number;
  readonly relayExit: number | null;
}

export interface Narrator {
  /** Something happens. */
  event(elapsedMs: number, text: string): void;
  tick(moment: Moment): void;
}

/** Act one: no relay. Resolves when the producer has given up, or has sent everything after all. */
async function playAlone(runtime: Runtime, clock: Clock): Promise<Outcome["alone"]> {
  const consumer = new Consumer(runtime.net, clock);
  consumer.bytesPerSecond = SLOW_BYTES_PER_SECOND;
  const address = await consumer.arrive(LOOPBACK);
  const connection = await runtime.net.connect(address, CONNECT_MS);
  const producer = new Producer(connection, clock, LINES, LINES_PER_SECOND);
  await producer.run();
  connection.close();
  await consumer.die();
  return { gaveUp: producer.gaveUp, sentLines: producer.sent, stallMs: producer.longestStallMs };
}

/**
 * Both acts. Rejects with a SpillwayError if the stage falls apart; what was
 * proved is in the outcome. A signal that a terminal or a supervisor sends ends
 * it early, and nothing is left behind then either: the relay would go on by itself
 * where SIGHUP or SIGQUIT ended us alone.
 */
export async function play(runtime: Runtime, clock: Clock, narrator: Narrator): Promise<Outcome | "interrupted"> {
  const directory = await makeDirectory(tmpdir());
  const relays: RelayProcess[] = [];
  const interrupted = new Promise<"interrupted">((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const) {
      runtime.onSignal(signal, () => resolve("interrupted"));
    }
  });
  try {
    return await Promise.race([interrupted, playBoth(runtime, clock, narrator, directory, relays)]);
  } finally {
    // A relay that is alive could write into the directory that is removed.
    for (const relay of relays) relay.kill();
    await Promise.allSettled(relays.map((relay) => relay.exited));
    await rm(directory, { recursive: true, force: true });
  }
}

async function makeDirectory(parent: string): Promise<string> {
  try {
    return await mkdtemp(join(parent, "spillway-demo-"));
  } catch (error) {
    const { code } = systemError(error, "mkdir", parent);
    throw new SpillwayError(`cannot make a directory for the demo's journal in ${parent}: ${describeErrno(code)}`, {
      hint: "name one that can be written and has 200 MB free: TMPDIR=/var/tmp spillway demo",
      cause: error,
    });
  }
}

async function playBoth(
  runtime: Runtime,
  clock: Clock,
  narrator: Narrator,
  directory: string,
  relays: RelayProcess[],
): Promise<Outcome> {
  const alone = await playAlone(runtime, clock);
  narrator.event(0, alone.gaveUp ? "alone: the producer gave up, see below" : "alone: the producer got through");
  return { alone, ...await playRelayed(runtime, clock, narrator, directory, relays) };
}

async function playRelayed(
  runtime: Runtime,
  clock: Clock,
  narrator: Narrator,
  directory: string,
  relays: RelayProcess[],
) {
  const startMs = clock.monotonicMs();
  const elapsed = () => clock.monotonicMs() - startMs;
  const consumer = new Consumer(runtime.net, clock);
  const address = await consumer.arrive(LOOPBACK);
  const relay = new RelayProcess(runtime, configFor(directory, formatAddress(address), await unreadBytes()));
  relays.push(relay);
  let journalPeakBytes = 0;
  let state = "reads";
  let producer: Producer | undefined;
  const ticking = setInterval(async () => {
    journalPeakBytes = Math.max(journalPeakBytes, await journalBytes(directory));
    narrator.tick({
      elapsedMs: elapsed(),
      sentLines: producer?.sent ?? 0,
      receivedLines: consumer.received,
      consumer: state,
    });
  }, 500);
  const act = (text: string, next: string) => {
    narrator.event(elapsed(), text);
    state = next;
  };
  try {
    const connection = await runtime.net.connect({ ...LOOPBACK, port: await relay.listening() }, CONNECT_MS);
    producer = new Producer(connection, clock, LINES, LINES_PER_SECOND);
    act("producer and consumer are connected to the relay", "reads");
    const producing = producer.run();
    // It may fail before it is its turn to be waited for; it is heard then.
    producing.catch(() => {});
    await clock.sleep(1000);
    act("the consumer becomes slow: 1 MB/s", "slow");
    consumer.bytesPerSecond = SLOW_BYTES_PER_SECOND;
    await clock.sleep(1500);
    act("the consumer dies, with what it had not read", "dead");
    await consumer.die();
    await clock.sleep(1500);
    act("the consumer is back, at full speed", "reads");
    consumer.bytesPerSecond = Infinity;
    await consumer.arrive(address);
    await producing;
    act("the producer has sent everything and closes", "reads");
    connection.close();
    await drained(consumer, relay, clock);
    act("the consumer has everything", "done");
    relay.stop();
    const relayExit = await relay.exited;
    act(`the relay stopped cleanly, exit ${relayExit}`, "done");
    const { sent: sentLines, gaveUp, longestStallMs: stallMs } = producer;
    return { sentLines, totalLines: LINES, gaveUp, stallMs, consumer, journalPeakBytes, relayExit };
  } finally {
    clearInterval(ticking);
    relay.kill();
    await consumer.die();
  }
}

/** Waits until the last line is there, at most 10 s. */
async function drained(consumer: Consumer, relay: RelayProcess, clock: Clock): Promise<void> {
  const deadlineMs = clock.monotonicMs() + 10_000;
  while (consumer.received < LINES && clock.monotonicMs() < deadlineMs) {
    if (consumer.failure !== undefined) throw new SpillwayError(`the consumer of the demo failed: ${consumer.failure}`);
    const gone = await Promise.race([relay.exited.then(() => true), clock.sleep(20).then(() => false)]);
    if (gone) throw new SpillwayError("the relay of the demo ended too early", { hint: relay.log.trim() });
  }
}

/** More cannot be lost with a consumer: what its kernel holds, or all there is. */
async function unreadBytes(): Promise<number> {
  const rmem = await readFile("/proc/sys/net/ipv4/tcp_rmem", "utf8").catch(() => "");
  return Math.min(unreadBytesMax(rmem), lineBytes(LINES));
}

async function journalBytes(directory: string): Promise<number> {
  const journal = join(directory, "journal");
  let bytes = 0;
  for (const name of await readdir(journal).catch(() => [])) {
    if (name.endsWith(".seg")) bytes += (await stat(join(journal, name)).catch(() => undefined))?.size ?? 0;
  }
  return bytes;
}

/** Lines in bytes. */
export function lineBytes(lines: number): number {
  return lines * LINE_BYTES;
}
