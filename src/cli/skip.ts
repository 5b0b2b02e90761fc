/** `spillway skip`: gives up pending frames on purpose, through the daemon that has the journal, or without one. */
import { askSkip } from "../admin/client.ts";
import type { Skipped } from "../admin/protocol.ts";
import { EXIT, SpillwayError } from "../base/error.ts";
import { formatSize } from "../base/size.ts";
import { directoriesAt } from "../journal/archive.ts";
import { skipOffline } from "../journal/skip.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Command, Invocation } from "./command.ts";
import { jsonFlag } from "./operands.ts";
import { askYes, canAsk } from "./terminal.ts";
import { isoTime } from "./time.ts";

export const command: Command = {
  usage: ["skip PATH --until SEQ [--yes] [--json]"],
  says: `Gives up the pending frames of a journal before SEQ: they will never be
delivered. Delivery goes on at SEQ. Shows what they are and asks first, on a
terminal; elsewhere it needs --yes. A running daemon does it itself, and what is in
flight to its consumer may still be delivered.

They count as dropped{operator}, in the books of the daemon; without one this
command prints it, and nothing else keeps it. Segment files stay until nothing in
them is pending, or longer with journal.retain: cat and replay can read them.`,
  flags: [
    { name: "until", value: "SEQ", says: "the first frame that is not given up; spillway ls shows the sequences" },
    { name: "yes", says: "do not ask" },
    jsonFlag,
  ],
  operandsMax: 1,
  examples: [
    {
      command: "spillway cat --pending --limit 1 --format json spillway-data/feed",
      says: "first: what is delivered next?",
    },
    { command: "spillway skip spillway-data/feed --until 14217", says: "give up what is before frame 14217" },
  ],
  async run(invocation: Invocation, runtime: Runtime): Promise<number> {
    const { values, switches } = invocation;
    const directory = await directoryOf(invocation, runtime);
    const until = sequenceOf(values.until);
    const sure = (what: GivenUp) =>
      switches.has("yes") || what.frames === 0 ? Promise.resolve(true) : ask(runtime, what);
    const skipped = await skip(runtime, directory, until, sure);
    if (skipped === undefined) {
      runtime.stderr.write("nothing was given up\n");
      return EXIT.failed;
    }
    await runtime.stdout.write(switches.has("json") ? `${JSON.stringify(objectOf(skipped))}\n` : textOf(skipped));
    return EXIT.ok;
  },
};

/** What lies before the sequence that delivery is to go on at, and is pending. */
interface GivenUp {
  readonly from: number;
  readonly until: number;
  readonly frames: number;
  readonly bytes: number;
  /** Sent and not confirmed: delivered if they are, dropped with their connection. */
  readonly inFlight: number;
  /** Arrival of the first and last of the frames, µs since 1970; undefined where nobody has looked. */
  readonly firstUs?: number;
  readonly lastUs?: number;
}

/** Undefined if nobody was `sure`; then nothing has changed. */
async function skip(
  { net, files, pid }: Runtime,
  directory: string,
  until: number,
  sure: (what: GivenUp) => Promise<boolean>,
): Promise<GivenUp | undefined> {
  const preview = await askSkip(net, directory, until, true);
  if (preview.kind === "silent") throw silent(directory, preview.why);
  if (preview.kind === "answered") {
    if (!await sure(fromDaemon(preview.answer))) return undefined;
    const done = await askSkip(net, directory, until);
    if (done.kind === "answered") return fromDaemon(done.answer);
    throw silent(directory, done.kind === "silent" ? done.why : "it has ended");
  }
  const confirm = (what: Omit<GivenUp, "inFlight">) => sure({ ...what, inFlight: 0 });
  const skipped = await skipOffline({ files, directory, until, holder: `pid ${pid}, spillway skip`, confirm });
  return skipped === undefined ? undefined : { ...skipped, inFlight: 0 };
}

function fromDaemon({ inflight_frames: inFlight, ...what }: Skipped): GivenUp {
  return { ...what, inFlight };
}

function silent(directory: string, why: string): SpillwayError {
  return new SpillwayError(`journal ${directory}: the daemon that has it did not answer: ${why}`, {
    hint: "spillway status tells more; spillway skip once it is stopped works on the files",
  });
}

async function directoryOf({ operands: [path] }: Invocation, { files }: Runtime): Promise<string> {
  if (path === undefined) {
    throw usage(
      "skip needs the path of a journal directory",
      "for example: spillway skip spillway-data/feed --until 14217",
    );
  }
  if (await files.stat(path) === undefined) {
    throw usage(`${path}: no such file or directory`, "name the journal directory of a route");
  }
  const [directory] = await directoriesAt(files, [path]);
  if (directory !== undefined) return directory;
  throw usage(`${path}: not a directory`, "the cursor belongs to a whole journal: name its directory");
}

function sequenceOf(text: string | undefined): number {
  if (text === undefined) {
    throw usage(
      "skip needs --until SEQ",
      "SEQ is the first frame that is not given up; spillway ls shows the sequences",
    );
  }
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw usage(
    `--until: "${text}" is not a whole number from 0 on`,
    "spillway ls shows the sequences of each segment",
  );
}

function ask(runtime: Runtime, what: GivenUp): Promise<boolean> {
  if (!canAsk()) {
    throw usage(
      `skip would give up ${describe(what)}, and there is no terminal to ask on`,
      "--yes does it without asking",
    );
  }
  return askYes(runtime, `${describe(what)}\nNever deliver them?`);
}

function describe({ from, until, frames, bytes, firstUs, lastUs, inFlight }: GivenUp): string {
  const times = firstUs === undefined ? "" : `, arrived ${isoTime(firstUs)} to ${isoTime(lastUs!)}`;
  const flying = inFlight === 0 ? "" : `; ${counted(inFlight)} before them in flight may still be delivered`;
  return `${counted(frames)}, ${formatSize(bytes)}, of ${from} to ${until - 1}${times}${flying}`;
}

function textOf(skipped: GivenUp): string {
  const { frames, bytes, until, inFlight } = skipped;
  if (frames === 0) {
    return `nothing is pending before frame ${until}${inFlight === 0 ? "" : `, but ${counted(inFlight)} in flight`}\n`;
  }
  return `given up: ${describe(skipped)}\n` +
    `dropped{operator}: ${counted(frames)}, ${formatSize(bytes)}; delivery goes on at frame ${until}\n`;
}

function objectOf({ from, until, frames, bytes, firstUs, lastUs, inFlight }: GivenUp) {
  const time = (us: number | undefined) => us === undefined ? null : isoTime(us);
  return {
    dropped: "operator",
    from,
    until,
    frames,
    bytes,
    first_time: time(firstUs),
    last_time: time(lastUs),
    inflight_frames: inFlight,
  };
}

function counted(frames: number): string {
  return `${frames} frame${frames === 1 ? "" : "s"}`;
}

function usage(message: string, hint: string): SpillwayError {
  return new SpillwayError(message, { hint, exit: EXIT.usage });
}
