/** `spillway skip`: gives up pending frames on purpose, through the running daemon or in the journal of a stopped one. */
import { askSkip } from "../../admin/client.ts";
import { EXIT, SpillwayError, usageError } from "../../base/error.ts";
import { formatSize } from "../../base/quantity.ts";
import { counted } from "../../base/range_text.ts";
import { directoriesAt, skipOffline, type SkippedFrames } from "../../journal/directory_only.ts";
import type { SkipLimit } from "../../journal/journal.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Command, Invocation } from "../command.ts";
import { jsonFlag } from "../args/operands.ts";
import { sequenceOf, timeOf } from "../args/selection.ts";
import { askYes, canAsk } from "../output/terminal.ts";
import { isoTime } from "../args/time.ts";

export const command: Command = {
  usage: ["skip PATH --until SEQ [--yes] [--json]", "skip PATH --before TIME [--yes] [--json]"],
  description: `Gives up the pending frames of a journal before SEQ, or before the first one
that arrived at TIME or later: they will never be delivered. Shows what they are
and asks first, on a terminal; elsewhere it needs --yes. They count as
dropped{operator}, with --before as dropped{expired}.

A running daemon does it itself: what is in flight then counts as delivered if
it is confirmed, and is dropped with its connection if not. Without a daemon the
cursor is moved; the count is what this command prints, nothing else keeps it.
Segment files stay until they are removed as delivered ones are, later with
journal.retain: spillway cat and replay can still read them.

Frames delivered before these that the consumer's program may not have read are
not sent again then; it says how many there are.`,
  flags: [
    {
      name: "until",
      value: "SEQ",
      description: "the first frame that is not given up; spillway ls shows the sequences",
    },
    {
      name: "before",
      value: "TIME",
      description: "what arrived before TIME: ISO 8601, 08:12, yesterday, or back from now (1h30m)",
    },
    { name: "yes", description: "do not ask" },
    jsonFlag,
  ],
  judges: true,
  operandsMax: 1,
  examples: [
    {
      command: "spillway cat --pending --limit 1 --format json spillway-data/feed",
      description: "first: what is delivered next?",
    },
    { command: "spillway skip spillway-data/feed --until 100", description: "give up what is before frame 100" },
    { command: "spillway skip spillway-data/feed --before 2h", description: "give up what is older than two hours" },
  ],
  async run(invocation: Invocation, runtime: Runtime): Promise<number> {
    const { switches } = invocation;
    const directory = await directoryOf(invocation, runtime);
    const limit = limitOf(invocation);
    const confirm = (what: Skip) => switches.has("yes") || isNothing(what) ? Promise.resolve(true) : ask(runtime, what);
    const skipped = await skip(runtime, directory, limit, confirm);
    if (skipped === undefined) {
      runtime.stderr.write("nothing was given up\n");
      return EXIT.failed;
    }
    const reason = "until" in limit ? "operator" : "expired";
    await runtime.stdout.write(
      switches.has("json") ? `${JSON.stringify(objectOf(skipped, reason))}\n` : textOf(skipped, reason),
    );
    return EXIT.ok;
  },
};

/** What is given up, and how many frames the daemon had in flight. */
type Skip = SkippedFrames & { readonly inFlight?: number };

function isNothing({ frames, inFlight = 0, unreadFrames }: Skip): boolean {
  return frames + inFlight + unreadFrames === 0;
}

/** Undefined if `confirm` says no. */
async function skip(
  runtime: Runtime,
  directory: string,
  limit: SkipLimit,
  confirm: (what: Skip) => Promise<boolean>,
): Promise<Skip | undefined> {
  const would = await throughDaemon(runtime, directory, limit, true);
  if (would === undefined) {
    const holder = `pid ${runtime.pid}, spillway skip`;
    return await skipOffline({ files: runtime.files, directory, ...limit, holder, confirm });
  }
  return await confirm(would) ? await throughDaemon(runtime, directory, limit, false) : undefined;
}

/** Undefined if there is no daemon that could be asked. */
async function throughDaemon(
  { net }: Runtime,
  directory: string,
  limit: SkipLimit,
  preview: boolean,
): Promise<Skip | undefined> {
  const asked = await askSkip(net, directory, limit, preview);
  if (asked.kind === "answered") {
    const { inflight_frames: inFlight, unread_frames: unreadFrames, ...rest } = asked.answer;
    return { ...rest, firstUs: undefined, lastUs: undefined, inFlight, unreadFrames };
  }
  if (asked.kind === "absent" && preview) return undefined;
  throw new SpillwayError(
    `${directory}: the daemon does not answer${asked.kind === "silent" ? `: ${asked.why}` : ""}`,
    {
      hint: "try again, as the user that it runs as, or stop it first; spillway status tells what it does",
      exit: EXIT.busy,
    },
  );
}

async function directoryOf({ operands: [path] }: Invocation, { files }: Runtime): Promise<string> {
  if (path === undefined) {
    throw usageError(
      "skip needs the path of a journal directory",
      "for example: spillway skip spillway-data/feed --until 14217",
    );
  }
  if (await files.stat(path) === undefined) {
    throw usageError(`${path}: no such file or directory`, "name the journal directory of a route");
  }
  const [directory] = await directoriesAt(files, [path]);
  if (directory !== undefined) return directory;
  throw usageError(`${path}: not a directory`, "the cursor belongs to a whole journal: name its directory");
}

function limitOf({ values }: Invocation): SkipLimit {
  const until = sequenceOf(values, "until");
  const beforeUs = timeOf(values, "before", Date.now());
  if (until !== undefined && beforeUs !== undefined) {
    throw usageError("--until and --before are given together", "a sequence or a time says where delivery goes on");
  }
  if (until !== undefined) return { until };
  if (beforeUs !== undefined) return { beforeUs };
  throw usageError(
    "skip needs --until SEQ",
    "SEQ is the first frame that is not given up; spillway ls shows the sequences",
  );
}

function ask(runtime: Runtime, what: Skip): Promise<boolean> {
  if (!canAsk()) {
    throw usageError(
      `skip would give up ${describe(what)}, and there is no terminal to ask on`,
      "--yes does it without asking",
    );
  }
  return askYes(runtime, `${describe(what)}\nNever deliver them?`);
}

function describe(what: Skip): string {
  const { from, until, frames, bytes, firstUs, lastUs, inFlight = 0, unreadFrames } = what;
  const times = firstUs === undefined ? "" : `, arrived ${isoTime(firstUs)} to ${isoTime(lastUs!)}`;
  const range = until - from === 1 ? `frame ${from}` : `of ${from} to ${until - 1}`;
  return [
    ...frames > 0 ? [`${counted(frames, "frame")}, ${formatSize(bytes)}, ${range}${times}`] : [],
    ...inFlight > 0 ? [`${counted(inFlight, "frame")} in flight, if they are not confirmed`] : [],
    ...unreadFrames > 0 ? [`${counted(unreadFrames, "frame")} delivered before that may be unread`] : [],
  ].join(", and ");
}

function textOf(skipped: Skip, reason: string): string {
  const { frames, bytes, until } = skipped;
  if (isNothing(skipped)) return `nothing is pending before frame ${until}\n`;
  return `given up: ${describe(skipped)}\n` +
    `dropped{${reason}}: ${counted(frames, "frame")}, ${formatSize(bytes)}; delivery goes on at frame ${until}\n`;
}

function objectOf(skipped: Skip, reason: string) {
  const { from, until, frames, bytes, firstUs, lastUs, inFlight = 0, unreadFrames } = skipped;
  const time = (us: number | undefined) => us === undefined ? null : isoTime(us);
  return {
    dropped: reason,
    from,
    until,
    frames,
    bytes,
    first_time: time(firstUs),
    last_time: time(lastUs),
    inflight_frames: inFlight,
    unread_frames: unreadFrames,
  };
}
