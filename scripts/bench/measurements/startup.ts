/** Start-up with a backlog: until the first producer is accepted, and until the first frame is delivered. */
import type { Contender, Measurement } from "../measurement.ts";
import type { Options } from "../options.ts";
import { type Payload, prepareFrames } from "../payloads.ts";
import { journalOf, nameOf, spillway } from "../peers/spillway.ts";
import { pause } from "../../../test/e2e/rig/wait.ts";
import type { Run } from "../report/figures.ts";
import { cloneJournal, prepareJournal } from "../rig/prepared_journal.ts";
import { Stage } from "../rig/stage.ts";

const DIAL_EVERY_MS = 1;
const LIMIT_MS = 60_000;

export const startup: Measurement = {
  name: "start",
  title: "Start with a backlog, beside none",
  about: "from the start to the first producer and to the first frame delivered, with backlogs, beside none",
  payloads: ["lines-512", "frames"],
  cases: (payload, options) => [{
    detail: "",
    main: ["ready", "first"],
    warmBytes: 0,
    contenders: (directory) => contenders(directory, payload, options),
  }],
};

async function contenders(directory: string, payload: Payload, options: Options): Promise<Contender[]> {
  const { runtimes, backlogs } = options;
  const made: Contender[] = [];
  for (const backlog of backlogs) {
    const home = `${directory}/${backlog}`;
    Deno.mkdirSync(home);
    const bytes = prepareFrames(payload).whole(backlog).bytes;
    const journal = backlog === 0 ? undefined : await prepareJournal({ runtime: runtimes[0] }, home, payload, bytes);
    for (const runtime of runtimes) {
      made.push({
        name: nameOf(runtime, `${backlog / 1e9} GB`),
        ours: true,
        beside: backlog === backlogs[0] ? undefined : nameOf(runtime, `${backlogs[0] / 1e9} GB`),
        run: (place) => {
          if (journal !== undefined) cloneJournal(journal, journalOf(place));
          return start(place, payload, (stage) => spillway({ runtime }).start(stage, payload));
        },
      });
    }
  }
  return made;
}

/** Producer and consumer are in this process; the producer sends one frame, so that there is something to deliver. */
async function start(directory: string, payload: Payload, act: (stage: Stage) => void): Promise<Run> {
  const stage = new Stage(directory);
  const { buffer, ends } = prepareFrames(payload);
  return await stage.run(async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: stage.ports.target });
    const began = performance.now();
    act(stage);
    const delivered = firstByte(listener);
    using producer = await dial(stage.ports.source, began + LIMIT_MS);
    const ready = performance.now() - began;
    await producer.write(buffer.subarray(0, ends[0]));
    const first = await delivered - began;
    return { ready, first, peak: stage.consumed().peakBytes / 2 ** 20 };
  });
}

/** When the first byte came, by the clock of `performance`. */
async function firstByte(listener: Deno.Listener): Promise<number> {
  using connection = await listener.accept();
  await connection.read(new Uint8Array(1));
  return performance.now();
}

async function dial(port: number, limit: number): Promise<Deno.Conn> {
  while (true) {
    try {
      return await Deno.connect({ hostname: "127.0.0.1", port });
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused) || performance.now() > limit) throw error;
      await pause(DIAL_EVERY_MS);
    }
  }
}
