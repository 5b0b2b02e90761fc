/**
 * What a reader does where a segment is not as it was written: damaged bytes are
 * copied to quarantine, lost frames are reported, and the position moves past
 * them. Each method that reports returns the reader's new position.
 */
import type { FileSystem } from "../../../runtime/files.ts";
import type { DamageLog } from "../catalog/damage_log.ts";
import type { SegmentList } from "../catalog/segment_list.ts";
import type { Quarantine } from "../directory/quarantine.ts";
import {
  lossOfAll,
  lossOfBytes,
  lossOfRecord,
  lossOfRun,
  type LossPlace,
  type Salvage,
  salvageSegment,
  type SegmentDamage,
} from "../segment/salvage.ts";
import { RECORD_HEADER_BYTES, type RecordHeader } from "../format/segment.ts";
import type { Segment } from "../segment/segment.ts";
import type { ReadPosition } from "./read_position.ts";

/** What a reader shares with the journal that it reads. */
export interface ReaderContext {
  readonly files: FileSystem;
  readonly segments: SegmentList;
  readonly quarantine: Quarantine;
  readonly damages: DamageLog;
  /** Sequence after the last frame appended. */
  readonly end: () => number;
  /** What that was at opening: frames from there on are this process's own. */
  readonly openedAt: number;
}

/** A loss from the reader's position on. */
type Loss = Omit<SegmentDamage, "segment" | "from">;

export class ReaderDamage {
  constructor(private readonly context: ReaderContext) {}

  /** Has the segment, or had it, frames from `position` to `until` that did not come where they should have? */
  isLacking({ segment }: ReadPosition, position: number, until: number): boolean {
    const { segments } = this.context;
    return Math.min(until, segments.endBeforeLater(segment)) > Math.max(position, segment.base, segments.removedBelow);
  }

  /** From here on the segment's records are taken in the order of their sequences, wherever they stand. */
  async beginSalvage(place: ReadPosition): Promise<void> {
    const { segment, file } = place;
    place.salvage = await salvageSegment(file, segment, this.context.segments.endBeforeLater(segment));
    place.header = undefined;
  }

  /** Goes to the next run of whole records, or reports what is lost before it. */
  async takeStep(place: ReadPosition, salvage: Salvage, position: number): Promise<number> {
    place.header = undefined;
    const step = salvage.steps[salvage.next++];
    if (step === undefined) {
      place.salvage = undefined;
      place.offset = salvage.limit;
    } else if (step.kind === "run") {
      if (step.until <= position) return position;
      place.offset = step.offset;
      salvage.end = step.end;
    } else {
      const at = this.#placeOf(place, position);
      const loss = step.kind === "lost record" ? await lossOfRecord(at, step) : lossOfBytes(at, step);
      if (loss !== undefined) return await this.#keepAndReport(place, position, loss);
    }
    return position;
  }

  /** Nothing in the segment can be read. */
  async loseSegment(place: ReadPosition, position: number): Promise<number> {
    const { offset, segment } = place;
    place.offset = segment.limit;
    return await this.#keepAndReport(place, position, lossOfAll(this.#placeOf(place, position), offset));
  }

  /** The record at `place` is damaged behind its header, and was not when the salvage began. */
  async loseRecord(place: ReadPosition, position: number, header: RecordHeader): Promise<number> {
    const record = { offset: place.offset, bytes: RECORD_HEADER_BYTES + header.length, header };
    return await this.#keepAndReport(place, position, await lossOfRecord(this.#placeOf(place, position), record));
  }

  /** The rest of a run of records cannot be read, and could when the salvage began. */
  async loseRun(place: ReadPosition, position: number, salvage: Salvage): Promise<number> {
    const { offset } = place;
    place.offset = salvage.end;
    return await this.#keepAndReport(place, position, lossOfRun(this.#placeOf(place, position), offset, salvage));
  }

  /** Frames that a record says were before it and that did not come are lost without a trace. */
  passHole({ segment, offset }: ReadPosition, position: number, { first, previousEnd }: RecordHeader): number {
    const { segments, openedAt } = this.context;
    const from = Math.max(position, segments.removedBelow);
    const until = Math.min(previousEnd, first);
    if (until > from) {
      const counted = from >= openedAt;
      this.#report(segment, from, { offset, bytes: 0, until, frames: until - from, payloadBytes: 0, counted });
    }
    return Math.max(from, first);
  }

  /** The file is gone, although the segment is in the list. */
  loseFile(segment: Segment, position: number): number {
    const { segments } = this.context;
    if (!segments.all.includes(segment)) return position;
    const until = Math.min(segment.end, segments.endBeforeLater(segment));
    segments.remove(segment);
    const frames = Math.min(segment.frames, until - position);
    this.#report(segment, position, {
      offset: 0,
      bytes: 0,
      until,
      frames,
      payloadBytes: segment.frameBytes,
      counted: true,
    });
    return Math.max(position, until);
  }

  async #keepAndReport({ segment, file }: ReadPosition, position: number, loss: Loss): Promise<number> {
    const { offset, bytes, until } = loss;
    if (bytes > 0) await this.context.quarantine.tryCopy(segment.name, file, offset, bytes);
    this.#report(segment, position, loss);
    return Math.max(position, until);
  }

  #report(segment: Segment, from: number, loss: Loss): void {
    this.context.damages.report({ segment: segment.name, from, ...loss });
  }

  #placeOf({ segment, file }: ReadPosition, position: number): LossPlace {
    return { segment, file, position, endBeforeLater: this.context.segments.endBeforeLater(segment) };
  }
}
