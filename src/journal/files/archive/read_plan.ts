/**
 * What a replay is going to send, found out before it begins: how much, from
 * when to when, and which frames are missing without anybody having said why.
 *
 * Of a sealed segment header and footer are enough, unless holes lie in it or
 * only a part of it is wanted: then its record headers are gone over. Damage is
 * for the reading to find; what is missing because of it is not announced here.
 */
import type { File, FileSystem } from "../../../runtime/files.ts";
import { type ArchiveSegment, laterOf } from "./open_archive.ts";
import { isUnfinished } from "../segment/check_segment.ts";
import type { RecordHeader } from "../format/segment.ts";
import { walkInOrder } from "../segment/ordered_walk.ts";
import { endBeforeAnyOf } from "../segment/overlap.ts";
import { openPresent } from "./current_file.ts";
import { bytesBetween } from "../segment/frame_bytes.ts";
import { type Range, type Selection, Wanted } from "./selection.ts";

export interface Missing extends Range {
  /** The path of the segment before whose frames they should have come. */
  readonly segment: string;
}

export interface Plan {
  readonly frames: number;
  readonly bytes: number;
  /** Segments with something in them that is wanted. */
  readonly segments: number;
  /** The first frame that is wanted; undefined if there is none. */
  readonly first: number | undefined;
  /** Sequence after the last frame that is wanted. */
  readonly end: number;
  /** Arrival of the records that are wanted, in µs since 1970; of whole segments where only footers were read. */
  readonly lowestUs: number;
  readonly highestUs: number;
  readonly missing: readonly Missing[];
}

/**
 * Reads no payload but those that the selection cuts in two. `eachRecord`: is
 * told the time of every record wanted, and costs a walk over all.
 */
export async function planPassages(
  files: FileSystem,
  segments: readonly ArchiveSegment[],
  selection: Selection,
  eachRecord?: (timeUs: number) => void,
): Promise<Plan> {
  const planner = new Planner(files, selection, eachRecord);
  for (const [index, segment] of segments.entries()) {
    if (planner.wanted.done) break;
    await planner.add(segment, await endBeforeAnyOf(files, laterOf(segments, index)));
  }
  return planner.plan;
}

class Planner {
  readonly wanted: Wanted;
  readonly #plan = {
    frames: 0,
    bytes: 0,
    segments: 0,
    first: undefined as number | undefined,
    end: 0,
    lowestUs: Number.POSITIVE_INFINITY,
    highestUs: 0,
    missing: [] as Missing[],
  };
  /** Something is damaged between the last record and the next one: what is missing there is due to that. */
  #excused = false;

  constructor(
    private readonly files: FileSystem,
    selection: Selection,
    private readonly eachRecord: ((timeUs: number) => void) | undefined,
  ) {
    this.wanted = new Wanted(selection);
  }

  get plan(): Plan {
    return this.#plan;
  }

  async add(segment: ArchiveSegment, endBeforeLater: number): Promise<void> {
    const { wanted } = this;
    if (wanted.skips(segment)) return;
    const before = this.#plan.frames;
    if (!this.#addWhole(segment, endBeforeLater)) await this.#walk(segment, endBeforeLater);
    if (segment.footer !== undefined) wanted.passOver(Math.min(segment.footer.end, endBeforeLater));
    if (this.#plan.frames > before) this.#plan.segments++;
  }

  /** By header and footer alone; false if those do not say enough. */
  #addWhole(segment: ArchiveSegment, endBeforeLater: number): boolean {
    const { header, footer, base } = segment;
    const gapless = footer !== undefined && footer.frames === footer.end - base;
    if (this.eachRecord !== undefined || header === undefined || !gapless) return false;
    if (!this.wanted.takesWhole(segment, endBeforeLater)) return false;
    this.#noteMissing(Math.min(header.previousEnd, base), segment);
    this.wanted.take({ first: base, frames: footer.frames, timeUs: footer.lowestUs }, segment);
    this.#count({ from: base, until: footer.end }, footer.bytes, footer.lowestUs, footer.highestUs);
    return true;
  }

  async #walk(listed: ArchiveSegment, listedBound: number): Promise<void> {
    const present = await openPresent(this.files, listed, listedBound);
    // What has become of its frames is for the reading to find out.
    if (present === undefined) return void (this.#excused = true);
    const { file, segment, endBeforeLater, elsewhere } = present;
    const { marks, size, base, start } = segment;
    if (elsewhere) {
      this.#noteMissing(Math.min(listed.header?.previousEnd ?? 0, listed.base), listed);
      this.wanted.passOver(listed.base);
    }
    try {
      this.#excused ||= marks === undefined && size > 0;
      if (marks === undefined) return;
      for await (const found of walkInOrder(file, { marks, base, from: start, limit: size, verify: false })) {
        if (found.kind === "damage" || found.kind === "tail" && !isUnfinished(found, segment.newest)) {
          this.#excused = true;
        }
        if (found.kind !== "record") continue;
        if (found.header.first >= Math.min(endBeforeLater, this.wanted.until) || this.wanted.done) return;
        await this.#add(file, found.offset, upTo(endBeforeLater, found.header), found.header, segment);
      }
    } finally {
      file.close();
    }
  }

  async #add(
    file: File,
    offset: number,
    frames: number,
    header: RecordHeader,
    segment: ArchiveSegment,
  ): Promise<void> {
    const { first, previousEnd, timeUs, length } = header;
    this.#noteMissing(Math.min(previousEnd, first), segment);
    const range = this.wanted.take({ first, frames, timeUs }, segment);
    if (range.from >= range.until) return;
    const record = { offset, length, frames: header.frames };
    const whole = range.until - range.from === header.frames;
    const bytes = whole ? length : await bytesBetween(file, segment, record, range.from - first, range.until - first);
    this.#count(range, bytes, timeUs, timeUs);
    this.eachRecord?.(timeUs);
  }

  #noteMissing(until: number, segment: ArchiveSegment): void {
    const missing = this.wanted.missingBefore(until, segment);
    if (missing !== undefined && !this.#excused) this.#plan.missing.push({ ...missing, segment: segment.path });
    this.#excused = false;
  }

  #count({ from, until }: Range, bytes: number, lowestUs: number, highestUs: number): void {
    const plan = this.#plan;
    plan.first ??= from;
    plan.end = until;
    plan.frames += until - from;
    plan.bytes += bytes;
    plan.lowestUs = Math.min(plan.lowestUs, lowestUs);
    plan.highestUs = Math.max(plan.highestUs, highestUs);
  }
}

function upTo(endBeforeLater: number, { first, frames }: RecordHeader): number {
  return Math.min(frames, endBeforeLater - first);
}
