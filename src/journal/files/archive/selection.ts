/**
 * Which frames of an archive somebody wants, and how far they have been gone
 * through. The plan and the reading ask the same questions here, so that what
 * was announced is what is read.
 */
import type { ArchiveSegment } from "./open_archive.ts";
import type { RecordHeader } from "../format/segment.ts";

/** Which frames; what is left out selects all. Times are those of arrival, in µs since 1970. */
export interface Selection {
  /** Sequences [from, until). */
  readonly from?: number;
  readonly until?: number;
  /** Records that began to arrive in [sinceUs, beforeUs). */
  readonly sinceUs?: number;
  readonly beforeUs?: number;
  /** So many frames at most. */
  readonly limit?: number;
  /** Only what is not delivered. */
  readonly pending?: boolean;
}

/** Sequences [from, until). */
export interface Range {
  readonly from: number;
  readonly until: number;
}

export class Wanted {
  readonly until: number;
  readonly #sinceUs: number;
  readonly #beforeUs: number;
  /** Frames before this one have been seen, or passed over. */
  #position = 0;
  #seen = false;
  #left: number;

  constructor(private readonly selection: Selection) {
    this.until = selection.until ?? Number.POSITIVE_INFINITY;
    this.#sinceUs = selection.sinceUs ?? 0;
    this.#beforeUs = selection.beforeUs ?? Number.POSITIVE_INFINITY;
    this.#left = selection.limit ?? Number.POSITIVE_INFINITY;
  }

  /** As many frames as were asked for have been taken. */
  get done(): boolean {
    return this.#left <= 0;
  }

  /** The first frame that is still wanted of a segment whose journal has this cursor. */
  fromOf({ cursor }: ArchiveSegment): number {
    const { from = 0, pending = false } = this.selection;
    return Math.max(from, pending ? cursor ?? 0 : 0, this.#position);
  }

  /** Says the footer that nothing in it is wanted? Then it is passed over. */
  skips(segment: ArchiveSegment): boolean {
    const { base, footer } = segment;
    if (base >= this.until) return true;
    if (footer === undefined) return false;
    const unwanted = footer.end <= this.fromOf(segment) || footer.highestUs < this.#sinceUs ||
      footer.lowestUs >= this.#beforeUs;
    if (unwanted) this.passOver(footer.end);
    return unwanted;
  }

  /** Is everything wanted that the footer counts, up to `endBeforeLater`? Then its numbers can be taken as they are. */
  takesWhole(segment: ArchiveSegment, endBeforeLater: number): boolean {
    const { base, footer } = segment;
    return footer !== undefined && base >= this.fromOf(segment) && footer.end <= Math.min(this.until, endBeforeLater) &&
      footer.lowestUs >= this.#sinceUs && footer.highestUs < this.#beforeUs && footer.frames <= this.#left;
  }

  /** Frames that were journaled before `until`, as a record or segment says, and did not come. What is delivered may be gone. */
  missingBefore(until: number, segment: ArchiveSegment): Range | undefined {
    const { selection } = this;
    const wanted = Math.min(until, this.until);
    // Before the first record of single files there may have been anything; what is below the cursor was delivered and removed.
    if (!this.#seen && selection.from === undefined && !segment.withAllPending) return undefined;
    const from = this.fromOf(segment);
    const start = this.#seen ? from : Math.max(from, segment.cursor ?? from);
    return start < wanted ? { from: start, until: wanted } : undefined;
  }

  /** The frames of this record that are wanted; afterwards it counts as seen. */
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
