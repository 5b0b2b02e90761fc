/** `spillway ls`: the segments of a journal, one line each. */
import { EXIT } from "../../base/error.ts";
import { formatSize } from "../../base/quantity.ts";
import { counted } from "../../base/range_text.ts";
import type { Archive } from "../../journal/archive.ts";
import { openArchive } from "../../journal/open.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { aligned } from "../output/table.ts";
import type { Command, Invocation } from "../command.ts";
import { jsonFlag, operandsOf } from "../args/operands.ts";
import { isoTime } from "../args/time.ts";

interface Row {
  readonly segment: string;
  readonly base: number;
  /** Sequence after its last frame. */
  readonly end: number;
  readonly frames: number;
  /** Bytes of frames. */
  readonly bytes: number;
  readonly file_bytes: number;
  /** Arrival of the first and last records; null where there is none. */
  readonly first_time: string | null;
  readonly last_time: string | null;
  readonly state: string;
}

export const command: Command = {
  usage: ["ls PATH... [--json]"],
  description: `Lists the segments of journal directories, or single segment files, with the
frames in them, their bytes, and what the files take on disk. A file may have any
name; - is one on standard input. Reads footers and, of a segment that is still
open, record headers; a daemon may be running. States: open (being written), sealed,
delivered (all its frames are), compressed (likewise, by spillway compact),
damaged (spillway verify tells more).`,
  flags: [jsonFlag],
  operandsMax: Number.POSITIVE_INFINITY,
  examples: [
    { command: "spillway ls spillway-data/feed", description: "what the route feed has on disk" },
    { command: "spillway ls --json spillway-data/feed | jq .frames", description: "one JSON object a line" },
  ],
  async run(invocation: Invocation, runtime: Runtime): Promise<number> {
    const archive = await openArchive(runtime, operandsOf("ls", invocation));
    await runtime.stdout.write(await listingOf(archive, invocation.switches.has("json")));
    return EXIT.ok;
  },
};

/** The segments of `archive` as a table, or as one JSON object a line. */
export async function listingOf(archive: Archive, json: boolean): Promise<string> {
  const rows: Row[] = [];
  for await (const { segment, base, end, frames, bytes, storedBytes, lowestUs, highestUs, state } of archive.list()) {
    rows.push({
      segment,
      base,
      end,
      frames,
      bytes,
      file_bytes: storedBytes,
      first_time: frames > 0 ? isoTime(lowestUs) : null,
      last_time: frames > 0 ? isoTime(highestUs) : null,
      state,
    });
  }
  return json ? rows.map((row) => `${JSON.stringify(row)}\n`).join("") : tableOf(rows);
}

/** The first columns are numbers. */
const NUMBERS = 4;

function tableOf(rows: readonly Row[]): string {
  const head = ["FIRST", "FRAMES", "BYTES", "DISK", "FROM", "TO", "STATE", "FILE"];
  const cells = rows.map((row) => [
    String(row.base),
    String(row.frames),
    formatSize(row.bytes),
    formatSize(row.file_bytes),
    row.first_time ?? "-",
    row.last_time ?? "-",
    row.state,
    row.segment,
  ]);
  const frames = rows.reduce((sum, row) => sum + row.frames, 0);
  const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
  const sum = `${counted(rows.length, "segment")}, ${counted(frames, "frame")}, ${formatSize(bytes)}`;
  const table = aligned([head, ...cells], (column) => column < NUMBERS);
  return [...table, sum].map((line) => `${line}\n`).join("");
}
