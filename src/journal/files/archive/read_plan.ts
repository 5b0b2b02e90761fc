/**
 * What a reading is going to give, found out before it begins: how much, from
 * when to when, and which frames are missing without a declared hole.
 *
 * Of a sealed segment header and footer are enough, unless it has holes or
 * only a part of it is selected: then its record headers are read. Damage is
 * left to the reading; frames that are missing because of it are not announced here.
 */
import type { Missing, Range, ReadPlan, Selection } from "../../archive.ts";
import type { File, ReadableFiles } from "../../../runtime/files.ts";
import { type ArchiveSegment, laterOf } from "./find_segments.ts";
import { isUnfinished } from "../segment/check_segment.ts";
import type { RecordHeader } from "../format/segment.ts";
import { walkInOrder } from "../segment/ordered_walk.ts";
import { endBeforeAnyOf } from "../segment/overlap.ts";
import { openCurrentFile } from "./current_file.ts";
import { bytesBetween } from "../segment/frame_bytes.ts";
import { SelectionCursor } from "./selection.ts";

/** See `Archive.plan`. */
export async function planRead(
  files: ReadableFiles,
  segments: readonly ArchiveSegment[],
  selection: Selection,
  eachRecord?: (timeUs: number) => void,
): Promise<ReadPlan> {
  const planner = new Planner(files, selection, eachRecord);
  for (const [index, segment] of segments.entries()) {
    if (planner.selected.done) break;
    await planner.add(segment, await endBeforeAnyOf(files, laterOf(segments, index)));
  }
  return planner.plan;
}

class Planner {
  readonly selected: SelectionCursor;
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
  /** There is damage between the last record and the next one, which explains frames that are missing there. */
  #excused = false;

  constructor(
    private readonly files: ReadableFiles,
    selection: Selection,
    private readonly eachRecord: ((timeUs: number) => void) | undefined,
  ) {
    this.selected = new SelectionCursor(selection);
  }

  get plan(): ReadPlan {
    return this.#plan;
  }

  async add(segment: ArchiveSegment, endBeforeLater: number): Promise<void> {
    const { selected } = this;
    if (selected.skips(segment)) return;
    const before = this.#plan.frames;
    if (!this.#addWhole(segment, endBeforeLater)) await this.#walk(segment, endBeforeLater);
    if (segment.footer !== undefined) selected.passOver(Math.min(segment.footer.end, endBeforeLater));
    if (this.#plan.frames > before) this.#plan.segments++;
  }

  /** By header and footer alone; false if those do not say enough. */
  #addWhole(segment: ArchiveSegment, endBeforeLater: number): boolean {
    const { header, footer, base } = segment;
    const gapless = footer !== undefined && footer.frames === footer.end - base;
    if (this.eachRecord !== undefined || header === undefined || !gapless) return false;
    if (!this.selected.takesWhole(segment, endBeforeLater)) return false;
    this.#noteMissing(Math.min(header.previousEnd, base), segment);
    this.selected.take({ first: base, frames: footer.frames, timeUs: footer.lowestUs }, segment);
    this.#count({ from: base, until: footer.end }, footer.bytes, footer.lowestUs, footer.highestUs);
    return true;
  }

  async #walk(listed: ArchiveSegment, listedBound: number): Promise<void> {
    const current = await openCurrentFile(this.files, listed, listedBound);
    // The reading finds out what has become of its frames.
    if (current === undefined) return void (this.#excused = true);
    const { file, segment, endBeforeLater, isSuccessor } = current;
    const { marks, size, base, start } = segment;
    if (isSuccessor) {
      this.#noteMissing(Math.min(listed.header?.previousEnd ?? 0, listed.base), listed);
      this.selected.passOver(listed.base);
    }
    try {
      this.#excused ||= marks === undefined && size > 0;
      if (marks === undefined) return;
      for await (const found of walkInOrder(file, { marks, base, from: start, limit: size, verify: false })) {
        if (found.kind === "damage" || found.kind === "tail" && !isUnfinished(found, segment.newest)) {
          this.#excused = true;
        }
        if (found.kind !== "record") continue;
        if (found.header.first >= Math.min(endBeforeLater, this.selected.until) || this.selected.done) return;
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
    const range = this.selected.take({ first, frames, timeUs }, segment);
    if (range.from >= range.until) return;
    const record = { offset, length, frames: header.frames };
    const whole = range.until - range.from === header.frames;
    const bytes = whole ? length : await bytesBetween(file, segment, record, range.from - first, range.until - first);
    this.#count(range, bytes, timeUs, timeUs);
    this.eachRecord?.(timeUs);
  }

  #noteMissing(until: number, segment: ArchiveSegment): void {
    const missing = this.selected.missingBefore(until, segment);
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
