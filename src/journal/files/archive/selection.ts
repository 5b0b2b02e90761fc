/**
 * How far a selection has been gone through. The plan and the reading ask the
 * same questions here, so that what was announced is what is read.
 */
import type { Range, Selection } from "../../archive.ts";
import type { ArchiveSegment } from "./find_segments.ts";
import type { RecordHeader } from "../format/segment.ts";

export class SelectionCursor {
  readonly until: number;
  readonly #sinceUs: number;
  readonly #beforeUs: number;
  #position = 0;
  #seen = false;
  #left: number;

  constructor(private readonly selection: Selection) {
    this.until = selection.until ?? Number.POSITIVE_INFINITY;
    this.#sinceUs = selection.sinceUs ?? 0;
    this.#beforeUs = selection.beforeUs ?? Number.POSITIVE_INFINITY;
    this.#left = selection.limit ?? Number.POSITIVE_INFINITY;
  }

  /** Has the limit been reached? */
  get done(): boolean {
    return this.#left <= 0;
  }

  /** Frames before this one count as seen. */
  get position(): number {
    return this.#position;
  }

  /** The first frame of this segment that is still selected. */
  fromOf({ cursor }: ArchiveSegment): number {
    const { from = 0, pending = false } = this.selection;
    return Math.max(from, pending ? cursor ?? 0 : 0, this.#position);
  }

  /** True if the footer shows that no frame is selected; the segment then counts as seen. */
  skips(segment: ArchiveSegment): boolean {
    const { base, footer } = segment;
    if (base >= this.until) return true;
    if (footer === undefined) return false;
    const isUnselected = footer.end <= this.fromOf(segment) || footer.highestUs < this.#sinceUs ||
      footer.lowestUs >= this.#beforeUs;
    if (isUnselected) this.passOver(footer.end);
    return isUnselected;
  }

  /** Is everything selected that the footer counts, up to `endBeforeLater`? Then its numbers can be taken as they are. */
  takesWhole(segment: ArchiveSegment, endBeforeLater: number): boolean {
    const { base, footer } = segment;
    return footer !== undefined && base >= this.fromOf(segment) && footer.end <= Math.min(this.until, endBeforeLater) &&
      footer.lowestUs >= this.#sinceUs && footer.highestUs < this.#beforeUs && footer.frames <= this.#left;
  }

  /** Frames that a record or segment says were journaled before `until` and that were not seen; none that may have been delivered and removed. */
  missingBefore(until: number, segment: ArchiveSegment): Range | undefined {
    const { selection } = this;
    const end = Math.min(until, this.until);
    // Nothing is known of frames before the first record of single files. Below the cursor they were delivered and removed.
    if (!this.#seen && selection.from === undefined && !segment.withAllPending) return undefined;
    const from = this.fromOf(segment);
    const start = this.#seen ? from : Math.max(from, segment.cursor ?? from);
    return start < end ? { from: start, until: end } : undefined;
  }

  /** The selected frames of this record; afterwards it counts as seen. */
  take({ first, frames, timeUs }: Pick<RecordHeader, "first" | "frames" | "timeUs">, segment: ArchiveSegment): Range {
    const from = Math.max(first, this.fromOf(segment));
    const until = Math.min(first + frames, this.until, from + this.#left);
    this.passOver(first + frames);
    if (from >= until || timeUs < this.#sinceUs || timeUs >= this.#beforeUs) return { from, until: from };
    this.#left -= until - from;
    return { from, until };
  }

  /** Frames before `sequence` count as seen. */
  passOver(sequence: number): void {
    this.#position = Math.max(this.#position, sequence);
    this.#seen = true;
  }
}
