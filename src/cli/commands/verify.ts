/** `spillway verify`: checks every checksum of a journal. */
import { systemClock } from "../../base/clock.ts";
import { EXIT } from "../../base/error.ts";
import { formatSize } from "../../base/quantity.ts";
import { byteRange, counted, frameRange } from "../../base/range_text.ts";
import {
  checkCursor,
  type DamagedRange,
  directoriesAt,
  findSegments,
  type MissingFrames,
  type NamedSegments,
  nameSegments,
  readerIn,
  type ReadingThread,
  readSegment,
  type SegmentReader,
  verifySegments,
} from "../../journal/directory_only.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Command, Invocation } from "../command.ts";
import { jsonFlag, operandsOf } from "../args/operands.ts";
import { Progress } from "../output/progress.ts";

/** More threads would help only where the disk is faster than two threads check. */
const THREADS = 2;
/** A smaller journal is read faster than a thread starts, and without the memory of one. */
const THREADS_FROM_BYTES = 128 * 1024 * 1024;

export const command: Command = {
  usage: ["verify PATH... [--json]"],
  description: `Reads journal directories or segment files and checks every checksum, of a
directory's cursor too; a daemon may be running. A file may have any name; - is one
on standard input. Lists what is damaged, and exits
with 1 if anything is; spillway repair puts it aside. What a crash left unfinished
at the end of the newest segment is no damage.

Frames that were journaled and are not there are listed as missing: what stood in
a damaged range, or in a segment that somebody has removed. Every checksum may
still be right; then the exit code is 0.`,
  flags: [jsonFlag],
  judges: true,
  operandsMax: Number.POSITIVE_INFINITY,
  examples: [
    { command: "spillway verify spillway-data/feed", description: "is everything there as it was written?" },
    {
      command: "spillway verify --json spillway-data/*/ | jq .file",
      description: "one JSON object for each range that is damaged or missing",
    },
  ],
  async run(invocation: Invocation, runtime: Runtime): Promise<number> {
    const named = await nameSegments(runtime, operandsOf("verify", invocation));
    const { files, paths } = named;
    const segments = await findSegments(files, paths);
    const report = new Report(runtime, invocation.switches.has("json"));
    const totalBytes = segments.reduce((sum, segment) => sum + segment.size, 0);
    const progress = new Progress(runtime.stderr, systemClock, "checked", totalBytes);
    const cursors = new Map<string, number>();
    for (const directory of await directoriesAt(files, paths)) {
      const { found, damages } = await checkCursor(files, directory);
      for (const damage of damages) await report.damaged({ path: `${directory}/cursor`, ...damage });
      if (damages.length === 0 && found.kind === "valid" && found.newest) cursors.set(directory, found.state.cursor);
    }
    let done = 0;
    const onProgress = (bytes: number) => progress.reached(done += bytes);
    for await (
      const verdict of verifySegments(readersFor(named, totalBytes, runtime), segments, { onProgress, cursors })
    ) {
      const { damages, missing, frames, bytes } = verdict;
      if (damages.length + missing.length > 0) progress.finish();
      for (const damage of damages) await report.damaged(damage);
      for (const each of missing) await report.missing(each);
      report.whole(verdict.segment !== undefined, frames, bytes);
    }
    progress.finish();
    await report.end();
    return report.clean ? EXIT.ok : EXIT.failed;
  },
};

function readersFor({ files, areHereAlone }: NamedSegments, totalBytes: number, runtime: Runtime): SegmentReader[] {
  const here: SegmentReader = (segment, onProgress) => readSegment(files, segment, onProgress);
  if (totalBytes < THREADS_FROM_BYTES || areHereAlone) return [here];
  return Array.from({ length: THREADS }, () => readerIn(runtime.startThread() as ReadingThread, here));
}

/** Prints each finding, and sums up. */
class Report {
  readonly #whole = { segments: 0, frames: 0, bytes: 0 };
  #damaged = 0;
  #missing = 0;

  constructor(private readonly runtime: Runtime, private readonly json: boolean) {}

  get clean(): boolean {
    return this.#damaged === 0;
  }

  whole(isThere: boolean, frames: number, bytes: number): void {
    if (isThere) this.#whole.segments++;
    this.#whole.frames += frames;
    this.#whole.bytes += bytes;
  }

  async damaged({ path, offset, bytes, frames }: DamagedRange): Promise<void> {
    this.#damaged++;
    if (this.json) {
      return await this.#object("damaged", path, offset, bytes, frames?.from ?? null, frames?.until ?? null);
    }
    const holding = frames === undefined ? "" : `, ${frameRange(frames.from, frames.until)}`;
    await this.#print(`damaged: ${path}: ${byteRange(offset, bytes)}${holding}`);
  }

  async missing({ path, offset, from, until }: MissingFrames): Promise<void> {
    this.#missing += until - from;
    if (this.json) return await this.#object("missing", path, offset, 0, from, until);
    await this.#print(`missing: ${frameRange(from, until)}, before byte ${offset} of ${path}`);
  }

  async end(): Promise<void> {
    if (this.json) return;
    const { segments, frames, bytes } = this.#whole;
    const checked = `${counted(segments, "segment")}, ${counted(frames, "frame")}, ${formatSize(bytes)}`;
    const missing = this.#missing === 0 ? "" : `; missing: ${counted(this.#missing, "frame")}`;
    await this.#print(
      this.clean
        ? `ok: ${checked}${missing}`
        : `damaged: ${counted(this.#damaged, "range")}; whole: ${checked}${missing}`,
    );
  }

  async #print(line: string): Promise<void> {
    await this.runtime.stdout.write(`${line}\n`);
  }

  async #object(
    kind: "damaged" | "missing",
    file: string,
    offset: number,
    bytes: number,
    from: number | null,
    until: number | null,
  ): Promise<void> {
    await this.#print(JSON.stringify({ kind, file, offset, bytes, from, until }));
  }
}
