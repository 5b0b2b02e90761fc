/**
 * One relay's two copies, one after the other in the same process: `in`, with
 * the consumer absent, and `out`, when it has appeared.
 *
 * A relay does not report that it has stored a line. So `in` ends with the later of
 * two events that are visible from outside: its socket is empty, and its files
 * have grown for the last time. What it keeps in memory by design is not waited
 * for; `out` shows whether all of it is there.
 */
import { tcpRows } from "../../test/peers/kernel_queues.ts";
import { memoryOf } from "../../test/e2e/rig/process_figures.ts";
import { freePorts, listeningOn } from "../../test/e2e/rig/ports.ts";
import { Program } from "../../test/e2e/rig/program.ts";
import { until } from "../../test/e2e/rig/wait.ts";
import type { Ports } from "./contender.ts";
import { LINE_BYTES } from "./numbered_lines.ts";
import type { Received } from "./numbered_sink.ts";

const HERE = new URL(".", import.meta.url).pathname;

/** How long the files must not grow, in ms, for their last growth to count. */
const QUIET_MS = 1_500;
const LOOK_MS = 10;
const IN_TIMEOUT_MS = 60_000;

export interface StoreAndForward {
  readonly lines: number;
  readonly inMegabytesPerSecond: number;
  /** From the first line the consumer had to its last, or to the end of its time if some are missing. */
  readonly outMegabytesPerSecond: number;
  /** From the consumer's listening to its first line: mostly how long the relay waits between its attempts. */
  readonly firstLineSeconds: number;
  readonly received: number;
  readonly repeats: number;
  readonly outOfOrder: number;
  readonly peakMebibytes: number;
}

/** Starts a relay that stores in `queue`, an existing directory, with its other files in `directory`. */
export type StartRelay = (ports: Ports, directory: string, queue: string) => Program;

/** Ends all processes that it started. Rejects with the relay's last output if it does not take the lines within a minute. */
export async function storeAndForward(
  start: StartRelay,
  directory: string,
  lines: number,
  windowMs: number,
): Promise<StoreAndForward> {
  const [source, target] = freePorts(2);
  const queue = `${directory}/queue`;
  Deno.mkdirSync(queue, { mode: 0o700 });
  const relay = start({ source, target }, directory, queue);
  const started = [relay];
  try {
    await listeningOn(source);
    const load = run("numbered_load.ts", source, lines);
    started.push(load);
    const inSeconds = await takenAndStored(load, relay, source, queue);
    const sink = run("numbered_sink.ts", target, lines, windowMs);
    started.push(sink);
    const received = await sink.json<Received>(1, windowMs + 20_000);
    const memory = memoryOf(relay.pid);
    if (memory === undefined) throw new Error(`${relay.name} is gone too early`);
    return figures(lines, inSeconds, received, windowMs, memory.peakBytes);
  } catch (error) {
    console.error(started.map((program) => program.tail()).join("\n"));
    throw error;
  } finally {
    for (const program of started) await program.kill();
  }
}

/** Seconds from the first write until the relay has taken all lines and its files no longer grow. */
async function takenAndStored(load: Program, relay: Program, source: number, queue: string): Promise<number> {
  let [bytes, grownMs, takenMs] = [-1, 0, 0];
  await until("all lines are taken and the files stand still", () => {
    if (relay.exitCode !== undefined) throw new Error(`${relay.name} ended with ${relay.exitCode}`);
    const now = performance.timeOrigin + performance.now();
    const stored = bytesIn(queue);
    if (stored !== bytes) [bytes, grownMs] = [stored, now];
    // The generator prints when the kernel has accepted its last byte.
    if (takenMs === 0 && load.output.length > 0 && !hasQueued(source)) takenMs = now;
    return takenMs > 0 && now - Math.max(takenMs, grownMs) > QUIET_MS;
  }, { timeoutMs: IN_TIMEOUT_MS, everyMs: LOOK_MS });
  const { beganMs } = await load.json<{ beganMs: number }>();
  return (Math.max(takenMs, grownMs) - beganMs) / 1000;
}

/** Is anything between the generator and the relay's program still in the kernel? */
function hasQueued(source: number): boolean {
  return tcpRows().some((row) =>
    (row.localPort === source && row.rxQueue > 0) || (row.remotePort === source && row.txQueue > 0)
  );
}

function bytesIn(directory: string): number {
  let sum = 0;
  for (const entry of Deno.readDirSync(directory)) {
    try {
      sum += Deno.statSync(`${directory}/${entry.name}`).size;
    } catch { /* removed since it was listed */ }
  }
  return sum;
}

function figures(
  lines: number,
  inSeconds: number,
  received: Received,
  windowMs: number,
  peakBytes: number,
): StoreAndForward {
  const endMs = received.lines === lines ? received.lastMs : received.listeningMs + windowMs;
  const rate = (count: number, seconds: number) => count * LINE_BYTES / seconds / 1e6;
  return {
    lines,
    inMegabytesPerSecond: rate(lines, inSeconds),
    outMegabytesPerSecond: received.lines === 0 ? 0 : rate(received.lines, (endMs - received.firstMs) / 1000),
    firstLineSeconds: received.lines === 0 ? windowMs / 1000 : (received.firstMs - received.listeningMs) / 1000,
    received: received.lines,
    repeats: received.repeats,
    outOfOrder: received.outOfOrder,
    peakMebibytes: peakBytes / 2 ** 20,
  };
}

function run(program: string, ...args: number[]): Program {
  const command = [Deno.execPath(), "run", "-A", `${HERE}${program}`, ...args.map(String)];
  return new Program(program, command, { holdStdin: true });
}
