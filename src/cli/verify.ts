/** `spillway verify`: every checksum of a journal. */
import { systemClock } from "../base/clock.ts";
import { EXIT } from "../base/error.ts";
import { formatSize } from "../base/size.ts";
import { type ArchiveSegment, openArchive } from "../journal/archive.ts";
import type { FileRange } from "../journal/compressed_blocks.ts";
import { type RecordHeader, SEGMENT_HEADER_BYTES } from "../journal/format.ts";
import { scanSegment } from "../journal/scan.ts";
import { damagedExtras, openSegmentIfThere, rangeInFile } from "../journal/segment_files.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Command, Invocation } from "./command.ts";
import { jsonFlag, operandsOf } from "./operands.ts";
import { Progress } from "./progress.ts";

/** A stretch of a file that is not what was written. */
interface DamagedRange {
  readonly segment: string;
  readonly offset: number;
  readonly bytes: number;
  /** The frames in it, where they can be told. */
  readonly from: number | null;
  readonly until: number | null;
}

export const command: Command = {
  usage: ["verify PATH... [--json]"],
  says: `Reads journal directories or segment files and checks every checksum; a daemon
may be running. Lists what is damaged, and exits with 1 if anything is. What a
crash left unfinished at the end of the newest segment is no damage.`,
  flags: [jsonFlag],
  operandsMax: Number.POSITIVE_INFINITY,
  examples: [
    { command: "spillway verify spillway-data/feed", says: "is everything there as it was written?" },
    {
      command: "spillway verify --json spillway-data/*/ | jq .segment",
      says: "one JSON object for each damaged range",
    },
  ],
  async run(invocation: Invocation, runtime: Runtime): Promise<number> {
    const json = invocation.switches.has("json");
    const segments = await openArchive(runtime.files, operandsOf("verify", invocation));
    const total = segments.reduce((sum, segment) => sum + segment.size, 0);
    const progress = new Progress(runtime.stderr, systemClock, "checked", total);
    const verified = { frames: 0, bytes: 0, damaged: 0 };
    let before = 0;
    for (const segment of segments) {
      for await (const step of checkSegment(runtime, segment)) {
        verified.frames += step.frames;
        verified.bytes += step.bytes;
        progress.reached(before + step.offset);
        if (step.damaged === undefined) continue;
        verified.damaged++;
        progress.finish();
        await runtime.stdout.write(json ? `${JSON.stringify(step.damaged)}\n` : `${describe(step.damaged)}\n`);
      }
      before += segment.size;
    }
    progress.finish();
    if (!json) await runtime.stdout.write(summary(segments.length, verified));
    return verified.damaged === 0 ? EXIT.ok : EXIT.failed;
  },
};

interface Step {
  readonly offset: number;
  readonly frames: number;
  readonly bytes: number;
  readonly damaged?: DamagedRange;
}

async function* checkSegment({ files }: Runtime, segment: ArchiveSegment): AsyncGenerator<Step> {
  const file = await openSegmentIfThere(files, segment.path);
  if (file === undefined) return;
  try {
    for (const range of await damagedExtras(file)) yield damaged(segment, 0, range);
    // Without marks the whole file is one damaged range, which the scan names.
    if (segment.header === undefined && segment.marks !== undefined) {
      yield damaged(segment, 0, await rangeInFile(file, 0, SEGMENT_HEADER_BYTES));
    }
    for await (const found of scanSegment(file, segment)) {
      const { offset } = found;
      if (found.kind === "record") yield { offset, frames: found.header.frames, bytes: found.header.length };
      if (found.kind !== "damage") continue;
      yield damaged(segment, offset, await rangeInFile(file, offset, found.bytes), found.header);
    }
  } finally {
    file.close();
  }
}

/** `reached` is an offset in what the daemon wrote, the range one of the file on disk. */
function damaged(
  segment: ArchiveSegment,
  reached: number,
  { offset, bytes }: FileRange,
  header?: Pick<RecordHeader, "first" | "frames">,
): Step {
  const frames = header === undefined
    ? { from: null, until: null }
    : { from: header.first, until: header.first + header.frames };
  return { offset: reached, frames: 0, bytes: 0, damaged: { segment: segment.path, offset, bytes, ...frames } };
}

function describe({ segment, offset, bytes, from, until }: DamagedRange): string {
  const frames = from === null || until === null ? "" : `, frames ${from} to ${until - 1}`;
  return `damaged: ${segment}: bytes ${offset} to ${offset + bytes - 1}${frames}`;
}

function summary(segments: number, { frames, bytes, damaged }: { frames: number; bytes: number; damaged: number }) {
  const checked = `${segments} segment${segments === 1 ? "" : "s"}, ${frames} frames, ${formatSize(bytes)}`;
  if (damaged === 0) return `ok: ${checked}\n`;
  return `damaged: ${damaged} range${damaged === 1 ? "" : "s"}; whole: ${checked}\n`;
}
