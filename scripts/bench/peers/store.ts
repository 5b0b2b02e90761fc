/** Programs that take what comes on a port into files, and programs that send what is in files. */
import { until } from "../../../test/e2e/rig/wait.ts";
import type { Contender } from "../measurement.ts";
import type { Options } from "../options.ts";
import type { Payload } from "../payloads.ts";
import { cloneJournal, prepareFile, prepareJournal } from "../rig/prepared_journal.ts";
import { limitMs, type Stage } from "../rig/stage.ts";
import { PLAIN_COPY } from "./relay.ts";
import { copy, listenAt, socatMissing } from "./socat.ts";
import { journalOf, nameOf, spillway, untilSpilled } from "./spillway.ts";

type Identity = Pick<Contender, "name" | "ours" | "beside" | "missing">;

/** Keeps what comes on the stage's source in files of the stage's directory. */
export interface Store extends Identity {
  start(stage: Stage, payload: Payload): void;
  /** Resolves when the files have this many bytes of frames. Looks often: call it near the end. */
  stored(stage: Stage, bytes: number): Promise<void>;
}

/** Sends what was prepared to the stage's target. */
export interface Backlog extends Identity {
  start(stage: Stage): void;
}

const plainCopy: Identity = { name: PLAIN_COPY, ours: false, missing: socatMissing() };

/** Spillway without a consumer, on each runtime; socat into one file. */
export function stores({ runtimes, socatBufferBytes }: Options): Store[] {
  const ours = runtimes.map((runtime): Store => ({
    name: nameOf(runtime),
    ours: true,
    beside: PLAIN_COPY,
    start: (stage, payload) => spillway({ runtime }).start(stage, payload),
    stored: async (stage, bytes) => {
      await untilSpilled(stage, bytes);
    },
  }));
  const fileOf = (stage: Stage) => `${stage.directory}/copy`;
  return [...ours, {
    ...plainCopy,
    start: (stage) =>
      copy(stage, socatBufferBytes, listenAt(stage.ports.source), `OPEN:${fileOf(stage)},creat,excl,wronly`),
    stored: async (stage, bytes) => {
      const isWhole = () => Deno.statSync(fileOf(stage)).size >= bytes;
      await until("the file is whole", isWhole, { timeoutMs: limitMs(bytes), everyMs: 2 });
    },
  }];
}

/** Spillway with a journal of `bytes` pending, on each runtime; socat with a file of the same. Both are made in `directory`. */
export async function backlogs(
  directory: string,
  payload: Payload,
  bytes: number,
  { runtimes, socatBufferBytes }: Options,
): Promise<Backlog[]> {
  const journal = await prepareJournal({ runtime: runtimes[0] }, directory, payload, bytes);
  const file = prepareFile(directory, payload, bytes);
  const ours = runtimes.map((runtime): Backlog => ({
    name: nameOf(runtime),
    ours: true,
    beside: PLAIN_COPY,
    start: (stage) => {
      cloneJournal(journal, journalOf(stage.directory));
      spillway({ runtime }).start(stage, payload);
    },
  }));
  return [...ours, {
    ...plainCopy,
    // With ignoreeof it stays alive at the end of the file, so that its costs can be read.
    start: (stage) => copy(stage, socatBufferBytes, `FILE:${file},ignoreeof`, `TCP:127.0.0.1:${stage.ports.target}`),
  }];
}
