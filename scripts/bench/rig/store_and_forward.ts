/**
 * One relay's two copies, one after the other in the same process: `in`, with
 * the consumer absent, and `out`, when it has appeared.
 *
 * A relay does not report that it has stored a line. So `in` ends with the later of
 * two events that are visible from outside: its socket is empty, and its files
 * have grown for the last time. What it keeps in memory by design is not waited
 * for; `out` shows whether all of it is there.
 */
import { tcpRows } from "../../../test/peers/kernel_queues.ts";
import { listeningOn } from "../../../test/e2e/rig/ports.ts";
import type { Program } from "../../../test/e2e/rig/program.ts";
import { until } from "../../../test/e2e/rig/wait.ts";
import type { Run } from "../report/figures.ts";
import { LINE_BYTES } from "./numbered_lines.ts";
import type { Received } from "./numbered_sink.ts";
import { costs, Stage } from "./stage.ts";

/** How long the files must not grow, in ms, for their last growth to count. */
const QUIET_MS = 1_500;
const LOOK_MS = 10;
const IN_TIMEOUT_MS = 60_000;
/** How long the consumer waits for all lines. */
const WINDOW_MS = 60_000;

/** Starts the relay on the stage's ports; it stores in `queue`, an existing directory. */
export type StartStore = (stage: Stage, queue: string) => void;

/** Rejects if the relay does not take the lines within a minute. */
export async function storeAndForward(start: StartStore, directory: string, lines: number): Promise<Run> {
  const stage = new Stage(directory);
  const queue = `${directory}/journal`;
  Deno.mkdirSync(queue, { mode: 0o700 });
  return await stage.run(async () => {
    start(stage, queue);
    const { source, target } = stage.ports;
    await listeningOn(source);
    const load = stage.peer("numbered_load.ts", { port: source, lines });
    const inSeconds = await takenAndStored(load, stage, queue);
    const sink = stage.peer("numbered_sink.ts", { port: target, lines, windowMs: WINDOW_MS });
    const received = await sink.json<Received>(1, WINDOW_MS + 20_000);
    return { ...figures(lines, inSeconds, received), ...costs(stage, lines * LINE_BYTES) };
  });
}

/** Seconds from the first write until the relay has taken all lines and its files no longer grow. */
async function takenAndStored(load: Program, stage: Stage, queue: string): Promise<number> {
  let [bytes, grownMs, takenMs] = [-1, 0, 0];
  await until("all lines are taken and the files stand still", () => {
    stage.consumed(); // throws if the relay has ended
    const now = performance.timeOrigin + performance.now();
    const stored = bytesIn(queue);
    if (stored !== bytes) [bytes, grownMs] = [stored, now];
    // The generator prints when the kernel has accepted its last byte.
    if (takenMs === 0 && load.output.length > 0 && !hasQueued(stage.ports.source)) takenMs = now;
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

/** `out` is from the first line that the consumer had to its last, or to the end of its time if some are missing. */
function figures(lines: number, inSeconds: number, received: Received): Run {
  const endMs = received.lines === lines ? received.lastMs : received.listeningMs + WINDOW_MS;
  const rate = (count: number, seconds: number) => count * LINE_BYTES / seconds / 1e6;
  return {
    in: rate(lines, inSeconds),
    out: received.lines === 0 ? 0 : rate(received.lines, (endMs - received.firstMs) / 1000),
    repeats: received.repeats,
    disorder: received.outOfOrder,
    missing: lines - received.lines,
  };
}
