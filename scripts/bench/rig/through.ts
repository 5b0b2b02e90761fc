/** Producers → relay → consumer at full speed: from the first write to the last byte that arrives. */
import type { Relay } from "../peers/relay.ts";
import { amountOf, type Payload, prepareFrames } from "../payloads.ts";
import type { Run } from "../report/figures.ts";
import type { SinkReport } from "./sink.ts";
import { costs, limitMs, reportOf, Stage } from "./stage.ts";

export interface Through {
  readonly payload: Payload;
  /** Rounded down to whole frames on each connection. */
  readonly bytes: number;
  readonly connections?: number;
}

export async function copyThrough(relay: Relay, directory: string, through: Through): Promise<Run> {
  const stage = new Stage(directory);
  const { payload, connections = 1 } = through;
  const { bytes } = amountOf(prepareFrames(payload), through.bytes, connections);
  return await stage.run(async () => {
    const sink = await stage.sink({ bytes });
    relay.start(stage, payload);
    const load = await stage.load({ ...through, connections }, stage.ports[relay.entry]);
    const done = await sink.json<SinkReport>(1, limitMs(bytes));
    const report = await reportOf(load, bytes);
    return {
      rate: bytes / (done.lastMs - report.beganMs) / 1000,
      ...costs(stage, bytes),
      stall: report.longestWriteMs,
      ...await spilledShare(relay, stage, bytes),
    };
  });
}

async function spilledShare(relay: Relay, stage: Stage, bytes: number): Promise<Run> {
  const status = await relay.status?.(stage);
  return status === undefined ? {} : { spilled: status.spilled_bytes / bytes * 100 };
}
