/** `spillway repair`: moves damaged ranges of a journal to quarantine. */
import { randomBytes, systemClock } from "../../base/clock.ts";
import { EXIT, SpillwayError } from "../../base/error.ts";
import { byteRange, counted, frameRange } from "../../base/range_text.ts";
import type { Framing } from "../../framing/framing.ts";
import { parseFraming } from "../../framing/text.ts";
import {
  directoriesAt,
  findSegments,
  type MovedRange,
  repair,
  type RepairEvents,
} from "../../journal/directory_only.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Command, Invocation } from "../command.ts";
import { jsonFlag, operandsOf } from "../args/operands.ts";
import { checkOwner } from "../journals/owner.ts";
import { printError } from "../output/print_error.ts";
import { Progress } from "../output/progress.ts";
import { wantsColour } from "../output/terminal.ts";

export const command: Command = {
  usage: ["repair PATH... [--dry-run] [--framing FRAMING] [--json]"],
  description: `Moves damaged ranges of journal directories or segment files to quarantine/ and
writes the files anew without them; of a directory the cursor too. No byte is
destroyed: a range is in quarantine/, on disk, before it leaves its file. Records
that are whole stay as they are, byte for byte, and spillway verify is clean
afterwards. A repair that is killed is finished by the next one.

The daemon must not be running (exit code 75 if it is); it passes over damage by
itself, so nothing is urgent. Run it as the owner of the journal's directory;
anybody else, root too, is refused. Exit code 1 if something could not be
repaired.`,
  flags: [
    { name: "dry-run", description: "only say what would be moved; a daemon may be running" },
    {
      name: "framing",
      value: "FRAMING",
      description: "of a segment whose header is damaged: line, octet-count, raw, or as in a segment's header",
    },
    jsonFlag,
  ],
  judges: true,
  operandsMax: Number.POSITIVE_INFINITY,
  examples: [
    { command: "spillway repair --dry-run spillway-data/feed", description: "what would be moved?" },
    {
      command: "spillway repair spillway-data/feed && spillway verify spillway-data/feed",
      description: "repair and check",
    },
  ],
  async run(invocation: Invocation, runtime: Runtime): Promise<number> {
    const { switches, values } = invocation;
    const paths = operandsOf("repair", invocation);
    const framing = values.framing === undefined ? undefined : framingOf(values.framing);
    const dryRun = switches.has("dry-run");
    const segments = await findSegments(runtime.files, paths);
    const directories = [...await directoriesAt(runtime.files, paths), ...segments.map(({ directory }) => directory)];
    if (!dryRun) await checkOwners(directories, runtime);
    const total = segments.reduce((sum, { size }) => sum + size, 0);
    const progress = new Progress(runtime.stderr, systemClock, "checked", total);
    const report = new Report(runtime, progress, { json: switches.has("json"), dryRun });
    await repair(paths, {
      files: runtime.files,
      randomBytes,
      nowUs: systemClock.wallUs(),
      holder: `pid ${runtime.pid}, spillway repair`,
      framing,
      dryRun,
      on: report,
    });
    progress.finish();
    await report.end();
    return report.failures === 0 ? EXIT.ok : EXIT.failed;
  },
};

async function checkOwners(directories: readonly string[], runtime: Runtime): Promise<void> {
  for (const directory of new Set(directories)) {
    const example = (owner: string) => `for example: sudo -u ${owner} spillway repair ${directory}`;
    await checkOwner(directory, "repairing", runtime, example);
  }
}

const MAX_FRAME = " max_frame=1048576";
const SHORT: Readonly<Record<string, string>> = {
  "raw": "raw",
  "line": `line delimiter=0a${MAX_FRAME}`,
  "octet-count": `octet-count${MAX_FRAME}`,
  "length-prefix": `length-prefix width=4 endian=big offset=0 includes_header=false${MAX_FRAME}`,
};

function framingOf(text: string): Framing {
  try {
    return parseFraming(SHORT[text] ?? text);
  } catch (cause) {
    throw new SpillwayError(`--framing: "${text}" is not a framing`, {
      hint: `allowed: ${Object.keys(SHORT).join(", ")}, or a text like '${SHORT["length-prefix"]}'`,
      exit: EXIT.usage,
      cause,
    });
  }
}

/** Prints each event of a repair, and sums up. */
class Report implements RepairEvents {
  failures = 0;
  #ranges = 0;
  #bytes = 0;
  #done = 0;

  constructor(
    private readonly runtime: Runtime,
    private readonly bar: Progress,
    private readonly as: { readonly json: boolean; readonly dryRun: boolean },
  ) {}

  async moved({ path, offset, bytes, header, to }: MovedRange): Promise<void> {
    this.#ranges++;
    this.#bytes += bytes;
    const from = header?.first ?? null;
    const until = header === undefined ? null : header.first + header.frames;
    const range = byteRange(offset, bytes);
    const frames = header === undefined ? "" : `, ${frameRange(header.first, header.first + header.frames)}`;
    const where = to === undefined ? "" : `, to ${to}`;
    // Where bytes are missing there are none to move.
    const [would, did] = bytes === 0 ? ["would mend", "mended"] : ["would move", "moved"];
    await this.#print(
      `${this.as.dryRun ? would : did}: ${path}: ${range}${frames}${where}`,
      { kind: "moved", file: path, offset, bytes, from, until, to: to ?? null },
    );
  }

  async setAside(path: string, to: string): Promise<void> {
    await this.#print(`moved: ${path}, which an interrupted write has left, to ${to}`, {
      kind: "set aside",
      file: path,
      to,
    });
  }

  async failed(path: string, error: unknown): Promise<void> {
    this.failures++;
    this.bar.finish();
    const { text } = printError(error, wantsColour(this.runtime));
    this.runtime.stderr.write(text);
    if (this.as.json) await this.#print("", { kind: "failed", file: path });
  }

  async cursor(path: string, sequence: number): Promise<void> {
    const goesOn = this.as.dryRun ? "delivery would go on" : "delivery goes on";
    await this.#print(`cursor: ${path}: ${goesOn} at frame ${sequence}; what was delivered since may come again`, {
      kind: "cursor",
      file: path,
      cursor: sequence,
    });
  }

  progress(bytes: number): void {
    this.bar.reached(this.#done += bytes);
  }

  async end(): Promise<void> {
    if (this.as.json) return;
    const ranges = `${counted(this.#ranges, "range")}, ${counted(this.#bytes, "byte")}`;
    const failed = this.failures === 0 ? "" : `; ${counted(this.failures, "file")} not repaired`;
    const what = this.#ranges === 0 && failed === ""
      ? "ok: nothing is damaged"
      : this.as.dryRun
      ? `to repair: ${ranges}${failed}`
      : `repaired: ${ranges} in quarantine${failed}`;
    await this.#print(what, {});
  }

  async #print(line: string, object: Readonly<Record<string, unknown>>): Promise<void> {
    this.bar.finish();
    await this.runtime.stdout.write(`${this.as.json ? JSON.stringify(object) : line}\n`);
  }
}
