/** Drain: a backlog that goes out at full speed; socat sends a file of the same bytes. */
import type { Contender, Measurement } from "../measurement.ts";
import type { Options } from "../options.ts";
import { type Payload, PAYLOADS, prepareFrames } from "../payloads.ts";
import { PLAIN_COPY } from "../peers/relay.ts";
import { journalOf, nameOf, spillway } from "../peers/spillway.ts";
import { copy, socatMissing } from "../peers/socat.ts";
import type { Run } from "../report/figures.ts";
import { cloneJournal, prepareFile, prepareJournal } from "../rig/prepared_journal.ts";
import type { SinkReport } from "../rig/sink.ts";
import { costs, limitMs, Stage } from "../rig/stage.ts";

export const drain: Measurement = {
  name: "drain",
  about: "a backlog to the consumer at full speed, beside socat that sends a file",
  payloads: PAYLOADS,
  cases: (payload, options) => [{
    detail: "",
    main: ["rate"],
    warmBytes: 0,
    contenders: (directory) => contenders(directory, payload, options),
  }],
};

async function contenders(directory: string, payload: Payload, options: Options): Promise<Contender[]> {
  const { bytes } = prepareFrames(payload).whole(options.backlogBytes);
  const journal = await prepareJournal({ runtime: options.runtimes[0] }, directory, payload, bytes);
  const file = prepareFile(directory, payload, bytes);
  const ours: Contender[] = options.runtimes.map((runtime) => ({
    name: nameOf(runtime),
    ours: true,
    beside: PLAIN_COPY,
    run: (place) =>
      toConsumer(place, bytes, (stage) => {
        cloneJournal(journal, journalOf(place));
        spillway({ runtime }).start(stage, payload);
      }),
  }));
  return [...ours, {
    name: PLAIN_COPY,
    ours: false,
    missing: socatMissing(),
    run: (place) =>
      toConsumer(place, bytes, (stage) => {
        // With ignoreeof it stays alive at the end of the file, so that its costs can be read.
        copy(stage, options.socatBufferBytes, `FILE:${file},ignoreeof`, `TCP:127.0.0.1:${stage.ports.target}`);
      }),
  }];
}

/** From the consumer's first byte to its last. */
async function toConsumer(directory: string, bytes: number, start: (stage: Stage) => void): Promise<Run> {
  const stage = new Stage(directory);
  return await stage.run(async () => {
    const sink = await stage.sink({ bytes });
    start(stage);
    const { firstMs, lastMs } = await sink.json<SinkReport>(1, limitMs(bytes));
    return { rate: bytes / (lastMs - firstMs) / 1000, ...costs(stage, bytes) };
  });
}
