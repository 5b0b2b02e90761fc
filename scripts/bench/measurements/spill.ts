/** Spill: everything goes into files while the consumer is absent, on a disk and on tmpfs; socat writes one file. */
import type { Case, Contender, Measurement } from "../measurement.ts";
import type { Options } from "../options.ts";
import { type Payload, PAYLOADS, prepareFrames } from "../payloads.ts";
import { PLAIN_COPY } from "../peers/relay.ts";
import { nameOf, spillway, untilSpilled } from "../peers/spillway.ts";
import { copy, listenAt, socatMissing } from "../peers/socat.ts";
import type { Run } from "../report/figures.ts";
import { until } from "../../../test/e2e/rig/wait.ts";
import { costs, limitMs, reportOf, Stage } from "../rig/stage.ts";

export const spill: Measurement = {
  name: "spill",
  about: "producer to files at full speed, consumer absent, on disk and tmpfs, beside socat",
  payloads: PAYLOADS,
  cases: (payload, options) => [onFiles("disk", payload, options), onFiles("tmpfs", payload, options)],
};

function onFiles(detail: "disk" | "tmpfs", payload: Payload, options: Options): Case {
  const { bytes } = prepareFrames(payload).whole(options.sizeBytes);
  /** On tmpfs in a directory that is made for the run. */
  const placed = async (directory: string, act: (directory: string) => Promise<Run>) => {
    if (detail === "disk") return await act(directory);
    const onTmpfs = Deno.makeTempDirSync({ dir: options.tmpfs, prefix: "spillway-bench-" });
    try {
      return await act(onTmpfs);
    } finally {
      Deno.removeSync(onTmpfs, { recursive: true });
    }
  };
  const ours: Contender[] = options.runtimes.map((runtime) => ({
    name: nameOf(runtime),
    ours: true,
    beside: PLAIN_COPY,
    run: (directory) =>
      placed(
        directory,
        (place) =>
          toFiles(place, payload, bytes, (stage) => spillway({ runtime }).start(stage, payload), async (stage) => {
            await untilSpilled(stage, bytes);
          }),
      ),
  }));
  const other: Contender = {
    name: PLAIN_COPY,
    ours: false,
    missing: socatMissing(),
    run: (directory) =>
      placed(directory, (place) => {
        const file = `${place}/copy`;
        const start = (stage: Stage) =>
          copy(stage, options.socatBufferBytes, listenAt(stage.ports.source), `OPEN:${file},creat,excl,wronly`);
        return toFiles(place, payload, bytes, start, async () => {
          await until("the file is whole", () => Deno.statSync(file).size >= bytes, {
            timeoutMs: limitMs(bytes),
            everyMs: 2,
          });
        });
      }),
  };
  return { detail, main: ["rate"], warmBytes: bytes, contenders: () => [...ours, other] };
}

/** From the first write until `stored` resolves, which is called when the producer has been relieved of everything. */
async function toFiles(
  directory: string,
  payload: Payload,
  bytes: number,
  start: (stage: Stage) => void,
  stored: (stage: Stage) => Promise<void>,
): Promise<Run> {
  const stage = new Stage(directory);
  return await stage.run(async () => {
    start(stage);
    const report = await reportOf(await stage.load({ payload, bytes }), bytes);
    await stored(stage);
    const seconds = (performance.timeOrigin + performance.now() - report.beganMs) / 1000;
    return { rate: bytes / seconds / 1e6, ...costs(stage, bytes), stall: report.longestWriteMs };
  });
}
