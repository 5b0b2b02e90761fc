/**
 * Plans the repair of one segment: which ranges go to quarantine, which stay, and
 * the header of the repaired file. Changes no file.
 */
import type { Framing } from "../../../framing/framing.ts";
import { framingText } from "../../../framing/text.ts";
import type { File } from "../../../runtime/files.ts";
import type { ArchiveSegment } from "../archive/find_segments.ts";
import { checkSegment } from "../segment/check_segment.ts";
import type { FileRange } from "../format/ranges.ts";
import {
  encodeSegmentHeader,
  RECORD_HEADER_BYTES,
  type RecordHeader,
  SALT_BYTES,
  saltOf,
  SEGMENT_HEADER_BYTES,
} from "../format/segment.ts";
import { type FramingSearch, framingSearch, noFramingFits } from "../archive/lost_framing.ts";
import { damagedExtras } from "../segment/segment_files.ts";
import { readSome } from "../segment/tolerant_read.ts";

/** A range that is not what was written. */
export interface DamagedBytes extends FileRange {
  /** Set if only the payload behind it is damaged. */
  readonly header?: RecordHeader;
}

/** Ranges are those of the segment as the daemon wrote it, except in `extras`. */
export interface SegmentPlan {
  /** Go to quarantine. The segment is not damaged if this and `extras` are empty. */
  readonly damages: readonly DamagedBytes[];
  /** Damaged ranges of the compressed file that cost no byte of the segment. */
  readonly extras: readonly FileRange[];
  /** Records that stay, in the order of their sequences. */
  readonly keep: readonly FileRange[];
  readonly records: number;
  /** An unfinished write at the end of the newest segment. It stays: the daemon cuts it off. */
  readonly unfinished: FileRange | undefined;
  /** 512 bytes, as they were or made anew. */
  readonly header: Uint8Array;
  readonly framing: string;
  readonly salt: Uint8Array;
  /** Sequence after the last frame that stays, and after the last one that is known to have existed. */
  readonly keptEnd: number;
  readonly claimedEnd: number;
  /** The cursor in the newest record that stays. */
  readonly cursor: number;
}

export interface PlanOptions {
  /** All segments of the directory. */
  readonly journal: readonly ArchiveSegment[];
  /** Framing for a header that has to be made anew, if the operator has given one. */
  readonly framing?: Framing;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Creation time of a header that has to be made anew, if no record is left, µs since 1970. */
  readonly nowUs: number;
}

/** Rejects with a `SpillwayError` if a header has to be made anew and no framing fits the records. */
export async function planSegment(file: File, segment: ArchiveSegment, options: PlanOptions): Promise<SegmentPlan> {
  const draft = new Draft(segment, options);
  for await (const batch of checkSegment(file, segment)) {
    for (const found of batch) {
      if (found.kind === "record") draft.keep(found.offset, found.header, found.payload);
      else if (found.kind === "footer") draft.claim(found.footer.end);
      else if (found.kind === "damage") draft.putAside(found);
      else draft.unfinished = found;
    }
  }
  return await draft.plan(file);
}

class Draft {
  readonly #damages: DamagedBytes[] = [];
  readonly #keep: { offset: number; bytes: number }[] = [];
  readonly #framingSearch: FramingSearch | undefined;
  #records = 0;
  #first: RecordHeader | undefined;
  #last: RecordHeader | undefined;
  #keptEnd: number;
  #claimedEnd: number;
  unfinished: FileRange | undefined;

  constructor(private readonly segment: ArchiveSegment, private readonly options: PlanOptions) {
    this.#keptEnd = this.#claimedEnd = segment.base;
    if (segment.header === undefined) this.#framingSearch = framingSearch(segment, options.journal, options.framing);
  }

  keep(offset: number, header: RecordHeader, payload: Uint8Array): void {
    const bytes = RECORD_HEADER_BYTES + header.length;
    const before = this.#keep[this.#keep.length - 1];
    if (before !== undefined && before.offset + before.bytes === offset) before.bytes += bytes;
    else this.#keep.push({ offset, bytes });
    this.#records++;
    this.#first ??= header;
    this.#last = header;
    this.#keptEnd = Math.max(this.#keptEnd, header.first + header.frames);
    this.claim(header.first + header.frames);
    this.#framingSearch?.add(payload, header.frames);
  }

  putAside({ offset, bytes, header }: DamagedBytes): void {
    this.#damages.push({ offset, bytes, header });
    if (header !== undefined) this.claim(header.first + header.frames);
  }

  claim(end: number): void {
    this.#claimedEnd = Math.max(this.#claimedEnd, end);
  }

  async plan(file: File): Promise<SegmentPlan> {
    const { segment } = this;
    const salt = segment.header?.salt ??
      (segment.marks === undefined ? this.options.randomBytes(SALT_BYTES) : saltOf(segment.marks));
    const damaged = this.#damages.length > 0;
    const framing = segment.header?.framing ?? (damaged ? this.#framing() : "");
    return {
      damages: this.#damages,
      // If nothing can be read, the whole file is damaged already.
      extras: segment.marks === undefined ? [] : await damagedExtras(file),
      keep: this.#keep,
      records: this.#records,
      unfinished: this.unfinished,
      header: segment.header === undefined
        ? this.#header(salt, framing)
        : await readSome(file, 0, SEGMENT_HEADER_BYTES),
      framing,
      salt: salt.slice(),
      keptEnd: this.#keptEnd,
      claimedEnd: this.#claimedEnd,
      cursor: this.#last?.cursor ?? this.#notedBefore(),
    };
  }

  #framing(): string {
    const { outcome } = this.#framingSearch!;
    if (outcome !== undefined) return framingText(outcome);
    throw noFramingFits(this.segment.path, {
      hint: `say how its frames are cut: --framing line, octet-count, raw, or ` +
        `'length-prefix width=4 endian=big offset=2 includes_header=false max_frame=1048576' and the like`,
    });
  }

  /** A new header. Its cursor and `previousEnd` are not above the lost ones, so that no frame is skipped or reported missing because of them. */
  #header(salt: Uint8Array, framing: string): Uint8Array {
    const { base } = this.segment;
    const first = this.#first;
    return encodeSegmentHeader({
      base,
      salt,
      framing,
      createdUs: first?.timeUs ?? this.options.nowUs,
      previousEnd: Math.min(base, first?.previousEnd ?? this.#before()?.footer?.end ?? base),
      cursor: first?.cursor ?? this.#notedBefore(),
    });
  }

  #before(): ArchiveSegment | undefined {
    return this.options.journal.findLast(({ base }) => base < this.segment.base);
  }

  #notedBefore(): number {
    const before = this.#before();
    return this.segment.header?.cursor ?? before?.footer?.cursor ?? before?.header?.cursor ?? 0;
  }
}
