/** Producers that wait for `source.reply` before they send the next frame: how many frames are safe in a second. */
import { listeningOn } from "../../../test/e2e/rig/ports.ts";
import type { Measurement } from "../measurement.ts";
import type { Payload } from "../payloads.ts";
import { nameOf, spillway, type SpillwayOptions } from "../peers/spillway.ts";
import type { Run } from "../report/figures.ts";
import { type AskingReport, SECONDS_NOT_COUNTED } from "../rig/asking_load.ts";
import { busy, Stage } from "../rig/stage.ts";

const SYNCS = ["os", "interval", "each"] as const;
const PRODUCERS = [1, 10, 100];
const REPLY = "+";

export const replies: Measurement = {
  name: "replies",
  title: "Producers that wait for replies, beside one",
  about: "1, 10 and 100 producers that wait for source.reply, with each sync, beside 1",
  payloads: ["lines-512"],
  cases: (payload, options) =>
    SYNCS.map((sync) => ({
      detail: `sync ${sync}`,
      main: ["messages"],
      warmBytes: 0,
      contenders: () =>
        options.runtimes.flatMap((runtime) =>
          PRODUCERS.map((producers) => ({
            name: producersOf(nameOf(runtime), producers),
            ours: true,
            beside: producers === 1 ? undefined : producersOf(nameOf(runtime), 1),
            run: (directory) => run({ runtime, sync }, directory, payload, producers, options.seconds),
          }))
        ),
    })),
};

/** The name of a contender with this many producers. */
export function producersOf(name: string, count: number): string {
  return `${name}, ${count.toLocaleString("en-US")} producer${count === 1 ? "" : "s"}`;
}

async function run(
  options: SpillwayOptions,
  directory: string,
  payload: Payload,
  connections: number,
  seconds: number,
): Promise<Run> {
  const stage = new Stage(directory);
  return await stage.run(async () => {
    await stage.sink({ bytes: Number.MAX_SAFE_INTEGER });
    spillway({ ...options, mode: "always", reply: REPLY }).start(stage, payload);
    const port = stage.ports.source;
    await listeningOn(port);
    const load = stage.peer("asking_load.ts", { port, payload, connections, seconds, replyBytes: REPLY.length });
    const report = await load.json<AskingReport>(0, (seconds + 60) * 1000);
    return {
      messages: report.answered / seconds,
      ...busy(stage, seconds + SECONDS_NOT_COUNTED),
      stall: report.longestWaitMs,
    };
  });
}
