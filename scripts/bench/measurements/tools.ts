/**
 * The commands on a large journal: `ls` and `status` beside the same on an empty
 * one; `verify`, `cat`, `replay` and `compact` beside what the system has for the same
 * bytes. Everything is in the page cache.
 */
import { journalBytes, segmentNames } from "../../../test/e2e/rig/journal_files.ts";
import { type Build, buildCommand } from "../peers/build.ts";
import type { Case, Contender, Measurement } from "../measurement.ts";
import type { Options } from "../options.ts";
import { type Payload, prepareFrames } from "../payloads.ts";
import { missing } from "../peers/installed.ts";
import { journalOf, nameOf } from "../peers/spillway.ts";
import { copyCommand, socatMissing } from "../peers/socat.ts";
import { timed } from "../rig/command.ts";
import { cloneJournal, prepareJournal } from "../rig/prepared_journal.ts";
import { limitMs, Stage } from "../rig/stage.ts";

export const tools: Measurement = {
  name: "tools",
  title: "Commands on a large journal",
  about: "ls, status, verify, cat, replay and compact on a backlog, beside cat, socat and zstd",
  payloads: ["lines-512"],
  cases: (payload, options) => [
    listing("ls", payload, options),
    listing("status", payload, options),
    reading("verify", payload, options),
    reading("cat", payload, options),
    replaying(payload, options),
    compacting(payload, options),
  ],
};

/** How much longer a listing takes on a large journal than on one of a single frame. */
function listing(command: "ls" | "status", payload: Payload, options: Options): Case {
  const contender = (runtime: Build, size: string, journal: string, beside?: string): Contender => ({
    name: nameOf(runtime, size),
    ours: true,
    beside,
    run: async () => ({ time: (await timed([...buildCommand(runtime), command, journal])).seconds * 1000 }),
  });
  const contenders = async (directory: string) => {
    const [large, empty] = ["large", "empty"].map((name) => `${directory}/${name}`);
    for (const home of [large, empty]) Deno.mkdirSync(home);
    await prepare(large, payload, options);
    // One frame, because opening a segment is part of what is measured.
    await prepareJournal({ runtime: options.runtimes[0] }, empty, payload, 1);
    return options.runtimes.flatMap((runtime) => [
      contender(runtime, "large", journalOf(large), nameOf(runtime, "empty")),
      contender(runtime, "empty", journalOf(empty)),
    ]);
  };
  return { detail: command, main: ["time"], warmBytes: 0, contenders };
}

/** Commands that read every byte, beside `cat` of coreutils that reads the same files. */
function reading(command: "verify" | "cat", payload: Payload, options: Options): Case {
  const contender = (name: string, ours: boolean, words: readonly string[], bytes: number): Contender => ({
    name,
    ours,
    beside: ours ? "cat of coreutils" : undefined,
    run: async () => {
      const { seconds, cpuSeconds } = await timed(words);
      return { rate: bytes / seconds / 1e6, cpu: cpuSeconds / bytes * 1e9 };
    },
  });
  const contenders = async (directory: string) => {
    const { journal, bytes, files } = await prepare(directory, payload, options);
    return [
      ...options.runtimes.map((runtime) =>
        contender(nameOf(runtime), true, [...buildCommand(runtime), command, journal], bytes)
      ),
      contender("cat of coreutils", false, ["cat", ...files], bytes),
    ];
  };
  return { detail: command, main: ["rate"], warmBytes: 0, contenders };
}

/** `replay` beside socat that sends the same files, one connection each. */
function replaying(payload: Payload, options: Options): Case {
  const contenders = async (directory: string): Promise<Contender[]> => {
    const { journal, bytes, frameBytes, files } = await prepare(directory, payload, options);
    const { socatBufferBytes } = options;
    return [
      ...options.runtimes.map((runtime) => ({
        name: nameOf(runtime),
        ours: true,
        beside: "socat",
        run: (place: string) =>
          sent(place, frameBytes, (port) => [
            [...buildCommand(runtime), "replay", journal, "--to", `127.0.0.1:${port}`],
          ]),
      })),
      {
        name: "socat",
        ours: false,
        missing: socatMissing(),
        run: (place) =>
          sent(
            place,
            bytes,
            (port) => files.map((file) => copyCommand(socatBufferBytes, `OPEN:${file}`, `TCP:127.0.0.1:${port}`)),
          ),
      },
    ];
  };
  return { detail: "replay", main: ["rate"], warmBytes: 0, contenders };
}

/** Runs the commands one after the other; from the first byte to the last of each connection that they make. */
async function sent(directory: string, bytes: number, commands: (port: number) => string[][]) {
  const stage = new Stage(directory);
  const port = stage.ports.target;
  return await stage.run(async () => {
    const sink = stage.peer("files_sink.ts", { port, bytes });
    await sink.json();
    let cpuSeconds = 0;
    for (const command of commands(port)) cpuSeconds += (await timed(command)).cpuSeconds;
    const { busyMs } = await sink.json<{ busyMs: number }>(1, limitMs(bytes));
    return { rate: bytes / busyMs / 1000, cpu: cpuSeconds / bytes * 1e9 };
  });
}

/** `compact`, which compresses segments that were delivered and are retained, beside zstd on the same level. */
function compacting(payload: Payload, options: Options): Case {
  const contenders = async (directory: string): Promise<Contender[]> => {
    const { journal, bytes, files } = await prepare(directory, payload, options, "1h");
    const run = async (command: readonly string[]) => {
      const { seconds, cpuSeconds } = await timed(command);
      return { rate: bytes / seconds / 1e6, cpu: cpuSeconds / bytes * 1e9 };
    };
    return [
      ...options.runtimes.map((runtime) => ({
        name: nameOf(runtime),
        ours: true,
        beside: "zstd",
        run: (place: string) => {
          cloneJournal(journal, journalOf(place));
          return run([...buildCommand(runtime), "compact", journalOf(place)]);
        },
      })),
      {
        name: "zstd",
        ours: false,
        missing: missing("zstd", "--version"),
        run: (place) => run(["zstd", "-q", "-3", "-T1", "--output-dir-flat", place, ...files]),
      },
    ];
  };
  return { detail: "compact", main: ["rate"], warmBytes: options.backlogBytes, contenders };
}

/** A journal of the backlog in `directory`, in the page cache; `frameBytes` of it are frames. */
async function prepare(directory: string, payload: Payload, options: Options, retain?: string) {
  const frameBytes = prepareFrames(payload).whole(options.backlogBytes).bytes;
  const journal = await prepareJournal({ runtime: options.runtimes[0], retain }, directory, payload, frameBytes);
  const files = segmentNames(journal).map((name) => `${journal}/${name}`);
  await timed(["cat", ...files]);
  return { journal, files, frameBytes, bytes: journalBytes(journal) };
}
