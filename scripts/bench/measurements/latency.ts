/** Latency of frames that come at a fixed rate, from the producer's write to the consumer's read. */
import { type PairOptions, SECONDS_NOT_COUNTED } from "../latency/pair.ts";
import type { Percentiles } from "../latency/percentiles.ts";
import type { Measurement } from "../measurement.ts";
import type { Options } from "../options.ts";
import type { Payload } from "../payloads.ts";
import { asContender, direct, PLAIN_COPY, type Relay } from "../peers/relay.ts";
import { socat } from "../peers/socat.ts";
import { spillway } from "../peers/spillway.ts";
import type { Run } from "../report/figures.ts";
import { busy, Stage } from "../rig/stage.ts";

const FRAMES_PER_SECOND = [1_000, 10_000];

export const latency: Measurement = {
  name: "latency",
  title: "Latency of single frames",
  about: "from the producer's write to the consumer's read at 1,000 and 10,000 frames/s, beside socat and nothing",
  payloads: ["lines-512", "lines-64", "frames"],
  cases: (payload, options) =>
    FRAMES_PER_SECOND.map((framesPerSecond) => ({
      detail: `${framesPerSecond.toLocaleString("en-US")} frames/s`,
      main: ["p50", "p99", "p999", "max"],
      warmBytes: 0,
      contenders: () =>
        relays(options).map((relay) =>
          asContender(
            relay,
            (directory) => run(relay, directory, payload, framesPerSecond, options.seconds),
            relay === direct ? direct.name : PLAIN_COPY,
          )
        ),
    })),
};

function relays({ runtimes, socatBufferBytes }: Options): Relay[] {
  return [
    ...runtimes.flatMap((runtime) => [
      spillway({ runtime, mode: "overflow" }, "overflow"),
      spillway({ runtime, mode: "always" }, "always"),
    ]),
    socat(socatBufferBytes),
    direct,
  ];
}

async function run(
  relay: Relay,
  directory: string,
  payload: Payload,
  framesPerSecond: number,
  seconds: number,
): Promise<Run> {
  const stage = new Stage(directory);
  return await stage.run(async () => {
    const { source, target } = stage.ports;
    const entry = relay.entry === "source" ? source : target;
    const options: PairOptions = { source: entry, target, payload, framesPerSecond, seconds };
    const pair = stage.peer("../latency/pair.ts", options);
    await pair.json();
    relay.start(stage, payload);
    const measured = await pair.json<Percentiles>(1, (seconds + SECONDS_NOT_COUNTED + 60) * 1000);
    return { ...measured, ...busy(stage, seconds + SECONDS_NOT_COUNTED) };
  });
}
