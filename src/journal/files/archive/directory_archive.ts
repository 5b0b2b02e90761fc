/** The archive that segment files make up. `archive.ts` has the promises, FORMAT.md the bytes. */
import { resolve } from "node:path";
import type { Framing } from "../../../framing/framing.ts";
import type { ReadableFiles } from "../../../runtime/files.ts";
import type { Archive, ArchiveItem, ListedSegment, Range, ReadPlan, Selection } from "../../archive.ts";
import { type ArchiveSegment, findSegments } from "./find_segments.ts";
import { withFramers } from "./lost_framing.ts";
import { nameSegments, type NamingSource } from "./named_files.ts";
import { readArchive, readOn, type ReadProgress } from "./read_archive.ts";
import { planRead } from "./read_plan.ts";
import { stateOf, tallySegment } from "./segment_state.ts";

/**
 * The segments at `paths`: journal directories, segment files of any name,
 * patterns of them, `-` for one on standard input. Rejects with a `SpillwayError`
 * (exit code 2) for a path that is none, (1) for a segment of a newer format version.
 */
export async function openArchive(source: NamingSource, paths: readonly string[]): Promise<Archive> {
  const named = await nameSegments(source, paths);
  return new DirectoryArchive(named.files, await findSegments(named.files, named.paths));
}

export class DirectoryArchive implements Archive {
  /** Found when frames are first to be cut: a segment whose header is damaged is read for that. */
  #framed: Promise<readonly ArchiveSegment[]> | undefined;

  /** `segments` as `findSegments` has found them. */
  constructor(private readonly files: ReadableFiles, private readonly segments: readonly ArchiveSegment[]) {}

  get journals(): readonly string[] {
    return [...new Set(this.segments.map(({ directory }) => resolve(directory)))].sort();
  }

  get framing(): Framing | undefined {
    return this.segments.find(({ header }) => header !== undefined)?.framer.framing;
  }

  get cursor(): number {
    return this.segments.reduce((highest, { cursor = 0 }) => Math.max(highest, cursor), 0);
  }

  get mixture(): readonly [string, string] | undefined {
    const { segments } = this;
    const mixed = segments.find((segment, i) => {
      const other = segments[i - 1];
      if (other?.base !== segment.base || other.directory === segment.directory) return false;
      return other.header !== undefined && segment.header !== undefined &&
        other.header.createdUs !== segment.header.createdUs;
    });
    if (mixed === undefined) return undefined;
    const other = segments.find(({ base, directory }) => base === mixed.base && directory !== mixed.directory)!;
    return [other.path, mixed.path];
  }

  async *list(): AsyncGenerator<ListedSegment> {
    for (const segment of this.segments) {
      const tally = await tallySegment(this.files, segment);
      // Gone since the archive was opened.
      if (tally === undefined) continue;
      const { path, base, fileBytes: storedBytes } = segment;
      const { frames, bytes, end, lowestUs, highestUs } = tally;
      const state = stateOf(segment, tally);
      yield { segment: path, base, end, frames, bytes, storedBytes, lowestUs, highestUs, state };
    }
  }

  async *read(selection: Selection): AsyncGenerator<ArchiveItem> {
    yield* readArchive(this.files, await this.#withFramers(), selection);
  }

  /** Like `read`, from where `progress` is, which moves on. */
  async *readOn(progress: ReadProgress): AsyncGenerator<ArchiveItem> {
    yield* readOn(this.files, await this.#withFramers(), progress);
  }

  async plan(selection: Selection, eachRecord?: (timeUs: number) => void): Promise<ReadPlan> {
    return await planRead(this.files, await this.#withFramers(), selection, eachRecord);
  }

  removed({ from, until, pending }: Selection): Range | undefined {
    const oldest = this.segments.find(({ footer }) => footer === undefined || footer.end > (from ?? 0));
    // Without a beginning nothing is known to be gone; pending frames are not delivered.
    if (from === undefined || pending || oldest === undefined || oldest.base <= from) return undefined;
    // Where single files are named, the others may be there all the same.
    if (!oldest.withAllPending) return undefined;
    // Frames in between were delivered from memory, and were never in a file.
    const end = Math.min(oldest.header?.previousEnd ?? oldest.base, oldest.cursor ?? 0, until ?? oldest.base);
    return from < end ? { from, until: end } : undefined;
  }

  #withFramers(): Promise<readonly ArchiveSegment[]> {
    return this.#framed ??= withFramers(this.files, this.segments);
  }
}
