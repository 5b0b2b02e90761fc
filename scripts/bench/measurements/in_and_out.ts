/**
 * In and out at once: a producer at full speed, and a consumer that takes half of what
 * the producer has had accepted, at every moment. The plain copy of it is a socat
 * that writes a file and another one that sends it meanwhile.
 */
import type { Contender, Measurement } from "../measurement.ts";
import type { Options } from "../options.ts";
import { type Payload, PAYLOADS, prepareFrames } from "../payloads.ts";
import { nameOf, spillway } from "../peers/spillway.ts";
import { copy, copyCommand, listenAt, socatMissing } from "../peers/socat.ts";
import type { Run } from "../report/figures.ts";
import type { SinkReport } from "../rig/sink.ts";
import { costs, limitMs, reportOf, Stage } from "../rig/stage.ts";

const TWO_COPIES = "socat, twice";

export const inAndOut: Measurement = {
  name: "in-out",
  title: "In and out at once, the consumer half as fast",
  about: "in at full speed and out at half of it, at once, beside two socat with a file between",
  payloads: PAYLOADS,
  cases: (payload, options) => {
    const { bytes } = prepareFrames(payload).whole(options.sizeBytes);
    return [{ detail: "", main: ["in"], warmBytes: bytes, contenders: () => contenders(payload, bytes, options) }];
  },
};

function contenders(payload: Payload, bytes: number, options: Options): Contender[] {
  const run = (start: (stage: Stage) => void) => (directory: string) =>
    atOnce(directory, payload, bytes, options.tmpfs, start);
  return [
    ...options.runtimes.map((runtime) => ({
      name: nameOf(runtime),
      ours: true,
      beside: TWO_COPIES,
      run: run((stage) => spillway({ runtime }).start(stage, payload)),
    })),
    {
      name: TWO_COPIES,
      ours: false,
      missing: socatMissing(),
      run: run((stage) => startTwoCopies(stage, options.socatBufferBytes)),
    },
  ];
}

async function atOnce(
  directory: string,
  payload: Payload,
  bytes: number,
  tmpfs: string,
  start: (stage: Stage) => void,
): Promise<Run> {
  const stage = new Stage(directory);
  const progressFile = Deno.makeTempFileSync({ dir: tmpfs, prefix: "spillway-bench-" });
  try {
    return await stage.run(async () => {
      const sink = await stage.sink({ bytes, progressFile });
      start(stage);
      const report = await reportOf(await stage.load({ payload, bytes, progressFile }), bytes);
      const { received } = await sink.json<SinkReport>(1, limitMs(bytes));
      const ms = report.acceptedMs - report.beganMs;
      const stall = report.longestWriteMs;
      return { in: bytes / ms / 1000, out: received / ms / 1000, ...costs(stage, bytes), stall };
    });
  } finally {
    Deno.removeSync(progressFile);
  }
}

/** The second one begins when something is in the file: at the end of a file socat waits for a second. */
function startTwoCopies(stage: Stage, bufferBytes: number): void {
  const file = `${stage.directory}/copy`;
  copy(stage, bufferBytes, listenAt(stage.ports.source), `OPEN:${file},creat,excl,wronly`);
  const second = copyCommand(bufferBytes, `FILE:${file},ignoreeof`, `TCP:127.0.0.1:${stage.ports.target}`);
  const wait = `while [ ! -s "$0" ]; do sleep 0.005; done; exec "$@"`;
  stage.measure("socat", ["bash", "-c", wait, file, ...second]);
}
