/** `spillway cat`: the frames of a journal on standard output. */
import { systemClock } from "../../base/clock.ts";
import { EXIT, isOutputUnwanted, usageError } from "../../base/error.ts";
import type { Archive, ArchiveItem, Selection } from "../../journal/archive.ts";
import { followJournal, openArchive } from "../../journal/open.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { type Format, formatFrames, FORMATS } from "./cat/format.ts";
import type { Command, Invocation } from "../command.ts";
import { warnOfMixture } from "../journals/warn_mixed_journals.ts";
import { operandsOf } from "../args/operands.ts";
import { describeLoss } from "../output/loss_text.ts";
import { checkStdout } from "../output/standard_output.ts";
import { SELECTION_FLAGS, selectionOf } from "../args/selection.ts";

/** How long output may take to be read after a signal, in ms. */
const WRITE_MS = 500;

export const command: Command = {
  usage: ["cat PATH... [FLAGS]", "cat PATH --follow [FLAGS]"],
  description: `Prints the frames of journal directories or segment files, in sequence order,
each once; a daemon may be running. A file may have any name; - is one on standard
input. Damaged and missing frames are named on
standard error, everything else is printed, and the exit code is 1.

Formats: raw, the bytes as they came (default); text, a line for each frame with
sequence, time of arrival and content; json, an object for each frame with
sequence, time, bytes, and the content as text or base64; hex.

--follow goes on with what is appended to one journal, which need not be there
yet, until Ctrl-C, --until or --limit. It survives restarts of the daemon. Frames
that pass the journal by are not in it: with mode = "overflow" those that the
consumer takes at once. Frames that were delivered and removed before it came to
them are named. With --pending it begins with what is not delivered.`,
  flags: [
    { name: "format", value: "FORMAT", values: FORMATS, description: "raw (default), text, json or hex" },
    ...SELECTION_FLAGS,
    { name: "follow", description: "go on with what comes" },
  ],
  operandsMax: Number.POSITIVE_INFINITY,
  examples: [
    { command: "spillway cat spillway-data/feed > all.log", description: "the producers' bytes, exactly" },
    {
      command: "spillway cat --format text --since 2h spillway-data/feed | grep ORDER-4711",
      description: "look for a message",
    },
    {
      command: "spillway cat --pending --limit 1 --format json spillway-data/feed",
      description: "what is delivered next",
    },
    {
      command: "spillway cat --follow --since 0s --format text spillway-data/feed",
      description: "watch what comes from now on",
    },
  ],
  async run(invocation: Invocation, runtime: Runtime): Promise<number> {
    const format = formatOf(invocation.values.format);
    const selection = selectionOf(invocation, Date.now());
    checkStdout(runtime);
    const paths = operandsOf("cat", invocation);
    if (invocation.switches.has("follow")) return await follow(paths, selection, format, runtime);
    return await printFrames(await openArchive(runtime, paths), selection, format, runtime);
  },
};

/** Prints the selected frames of `archive`; returns the exit code. */
export async function printFrames(
  archive: Archive,
  selection: Selection,
  format: Format,
  streams: Pick<Runtime, "stdout" | "stderr">,
): Promise<number> {
  warnOfMixture(archive, "printed", streams);
  return await printItems(archive.read(selection), format, streams);
}

/** Prints what comes, until a signal: for SIGINT the exit code is 130. */
async function follow(
  paths: readonly string[],
  selection: Selection,
  format: Format,
  runtime: Runtime,
): Promise<number> {
  if (paths.length > 1) {
    throw usageError(`--follow: found ${paths.length} paths, expected one`, "name the directory of one journal");
  }
  const over = new AbortController();
  let isInterrupted = false;
  runtime.onSignal("SIGTERM", () => over.abort());
  runtime.onSignal("SIGINT", () => {
    isInterrupted = true;
    over.abort();
  });
  const options = { files: runtime.files, clock: systemClock, over: over.signal };
  const printing = printItems(followJournal(paths[0], selection, options), format, runtime);
  // What is being written may come to its end, but nobody may ever read it.
  const abandoned = once(over.signal).then(() => systemClock.sleep(WRITE_MS)).then(() => EXIT.ok);
  const printed = await Promise.race([printing, abandoned]);
  return isInterrupted ? EXIT.interrupted : printed;
}

function once(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** Returns the exit code: 1 if something is damaged or missing. */
async function printItems(
  items: AsyncIterable<ArchiveItem>,
  format: Format,
  { stdout, stderr }: Pick<Runtime, "stdout" | "stderr">,
): Promise<number> {
  let whole = true;
  for await (const item of items) {
    if (item.kind === "frames") {
      if (!await isWanted(stdout.write(formatFrames(format, item)))) break;
    } else if (item.kind === "removed") stderr.write(`note: ${describeLoss(item)}\n`);
    else {
      whole = false;
      stderr.write(`warning: ${describeLoss(item)}\n`);
    }
  }
  return whole ? EXIT.ok : EXIT.failed;
}

/** False if the reader has closed standard output; rejects if writing fails otherwise. */
async function isWanted(written: Promise<void>): Promise<boolean> {
  try {
    await written;
    return true;
  } catch (error) {
    if (isOutputUnwanted(error)) return false;
    throw error;
  }
}

function formatOf(given: string | undefined): Format {
  const format = FORMATS.find((each) => each === (given ?? "raw"));
  if (format !== undefined) return format;
  throw usageError(`--format: "${given}" is not a format`, `allowed: ${FORMATS.join(", ")}`);
}
