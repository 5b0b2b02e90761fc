/** The two halves of store and forward, each by itself: into files while there is no consumer, and out of them. */
import type { Payload } from "../payloads.ts";
import type { Backlog, Store } from "../peers/store.ts";
import type { Run } from "../report/figures.ts";
import type { SinkReport } from "./sink.ts";
import { costs, limitMs, reportOf, Stage } from "./stage.ts";

/** A run, and when each `markEvery` bytes were there, in ms since its beginning. */
export interface Marked {
  readonly run: Run;
  readonly marksMs: readonly number[];
}

export interface Amounts {
  readonly payload: Payload;
  readonly bytes: number;
  readonly markEvery?: number;
}

/** From the producer's first write until everything is in files. */
export async function intoFiles(store: Store, directory: string, amounts: Amounts): Promise<Marked> {
  const stage = new Stage(directory);
  const { payload, bytes } = amounts;
  return await stage.run(async () => {
    store.start(stage, payload);
    const { beganMs, longestWriteMs, marksMs } = await reportOf(await stage.load(amounts), bytes);
    await store.stored(stage, bytes);
    const ms = performance.timeOrigin + performance.now() - beganMs;
    const run = { rate: bytes / ms / 1000, ...costs(stage, bytes), stall: longestWriteMs };
    return { run, marksMs: marksMs.map((mark) => mark - beganMs) };
  });
}

/** From the consumer's first byte to its last. */
export async function outOfFiles(backlog: Backlog, directory: string, amounts: Amounts): Promise<Marked> {
  const stage = new Stage(directory);
  const { bytes, markEvery } = amounts;
  return await stage.run(async () => {
    const sink = await stage.sink({ bytes, markEvery });
    backlog.start(stage);
    const { firstMs, lastMs, marksMs } = await sink.json<SinkReport>(1, limitMs(bytes));
    const run = { rate: bytes / (lastMs - firstMs) / 1000, ...costs(stage, bytes) };
    return { run, marksMs: marksMs.map((mark) => mark - firstMs) };
  });
}
