/** `spillway cat`: the frames of a journal on standard output. */
import { EXIT, isOutputUnwanted, usageError } from "../../base/error.ts";
import type { Archive, Selection } from "../../journal/archive.ts";
import { openArchive } from "../../journal/open.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { type Format, formatFrames, FORMATS } from "./cat/format.ts";
import type { Command, Invocation } from "../command.ts";
import { warnOfMixture } from "../journals/warn_mixed_journals.ts";
import { operandsOf } from "../args/operands.ts";
import { describeLoss } from "../output/loss_text.ts";
import { checkStdout } from "../output/standard_output.ts";
import { SELECTION_FLAGS, selectionOf } from "../args/selection.ts";

export const command: Command = {
  usage: ["cat PATH... [FLAGS]"],
  description: `Prints the frames of journal directories or segment files, in sequence order,
each once; a daemon may be running. A file may have any name; - is one on standard
input. Damaged and missing frames are named on
standard error, everything else is printed, and the exit code is 1.

Formats: raw, the bytes as they came (default); text, a line for each frame with
sequence, time of arrival and content; json, an object for each frame with
sequence, time, bytes, and the content as text or base64; hex.`,
  flags: [
    { name: "format", value: "FORMAT", values: FORMATS, description: "raw (default), text, json or hex" },
    ...SELECTION_FLAGS,
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
  ],
  async run(invocation: Invocation, runtime: Runtime): Promise<number> {
    const format = formatOf(invocation.values.format);
    const selection = selectionOf(invocation, Date.now());
    checkStdout(runtime);
    return await printFrames(await openArchive(runtime, operandsOf("cat", invocation)), selection, format, runtime);
  },
};

/** Prints the selected frames of `archive`; returns the exit code. */
export async function printFrames(
  archive: Archive,
  selection: Selection,
  format: Format,
  { stdout, stderr }: Pick<Runtime, "stdout" | "stderr">,
): Promise<number> {
  warnOfMixture(archive, "printed", { stderr });
  let whole = true;
  for await (const item of archive.read(selection)) {
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
