/**
 * What is to be done with one segment: which ranges go to quarantine, which
 * stay, and the header that the rest gets. Only reads.
 */
import { SpillwayError } from "../../../base/error.ts";
import { createFramer } from "../../../framing/create.ts";
import type { Framer, Framing } from "../../../framing/framing.ts";
import { framingText } from "../../../framing/text.ts";
import type { File } from "../../../runtime/files.ts";
import type { ArchiveSegment } from "../archive/find_segments.ts";
import { checkSegment } from "../segment/check_segment.ts";
import type { FileRange } from "../segment/compressed_blocks.ts";
import {
  encodeSegmentHeader,
  RECORD_HEADER_BYTES,
  type RecordHeader,
  SALT_BYTES,
  saltOf,
  SEGMENT_HEADER_BYTES,
} from "../format/segment.ts";
import { cutsInto } from "../archive/framing_trial.ts";
import { noFramingFits, trialOf } from "../archive/lost_framing.ts";
import { damagedExtras } from "../segment/segment_files.ts";
import { readSome } from "../segment/tolerant_read.ts";

/** A range that is not what was written. */
export interface DamagedStretch extends FileRange {
  /** There if only the payload behind it is damaged. */
  readonly header?: RecordHeader;
}

/** Ranges are those of the segment as the daemon wrote it, where nothing else is said. */
export interface SegmentPlan {
  /** To be put aside; the segment is as it should be if there are none of either. */
  readonly damages: readonly DamagedStretch[];
  /** Ranges of the compressed file itself: they cost no byte of the segment. */
  readonly extras: readonly FileRange[];
  /** Records that stay, in order. */
  readonly keep: readonly FileRange[];
  readonly records: number;
  /** The beginning of a write at the end of the newest segment: the daemon's to cut off, it stays where it is. */
  readonly unfinished: FileRange | undefined;
  /** 512 bytes: as they were, or made anew. */
  readonly header: Uint8Array;
  readonly framing: string;
  readonly salt: Uint8Array;
  /** Sequence after the last frame that stays, and after the last one that is known to have been there. */
  readonly keptEnd: number;
  readonly claimedEnd: number;
  /** The cursor as what is left of the segment has it. */
  readonly cursor: number;
}

export interface PlanOptions {
  /** All segments of the directory. */
  readonly journal: readonly ArchiveSegment[];
  /** What the operator says that the framing was, where a header has to be made anew. */
  readonly framing?: Framing;
  readonly randomBytes: (count: number) => Uint8Array;
  /** For a header that has to be made anew and knows no better, µs since 1970. */
  readonly nowUs: number;
}

/** Rejects with a `SpillwayError` if a header has to be made anew and its framing cannot be told. */
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
  readonly #damages: DamagedStretch[] = [];
  readonly #keep: { offset: number; bytes: number }[] = [];
  readonly #cuts: Cuts | undefined;
  #records = 0;
  #first: RecordHeader | undefined;
  #last: RecordHeader | undefined;
  #keptEnd: number;
  #claimedEnd: number;
  unfinished: FileRange | undefined;

  constructor(private readonly segment: ArchiveSegment, private readonly options: PlanOptions) {
    this.#keptEnd = this.#claimedEnd = segment.base;
    if (segment.header === undefined) this.#cuts = cutsFor(segment, options);
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
    this.#cuts?.add(payload, header.frames);
  }

  putAside({ offset, bytes, header }: DamagedStretch): void {
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
      // Where nothing can be read, the whole file is damaged already.
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
    const { outcome } = this.#cuts!;
    if (outcome !== undefined) return framingText(outcome);
    throw noFramingFits(this.segment.path, {
      hint: `say how its frames are cut: --framing line, octet-count, raw, or ` +
        `'length-prefix width=4 endian=big offset=2 includes_header=false max_frame=1048576' and the like`,
    });
  }

  /** No larger than what it was: what it notes is where delivery may go on, and what may be missing before. */
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

/** Finds, or checks, the framing while the records go by. */
interface Cuts {
  add(payload: Uint8Array, frames: number): void;
  readonly outcome: Framing | undefined;
}

function cutsFor(segment: ArchiveSegment, { journal, framing }: PlanOptions): Cuts {
  if (framing !== undefined) return new AsTold(segment.path, createFramer(framing));
  return trialOf(segment, journal);
}

class AsTold implements Cuts {
  constructor(private readonly path: string, private readonly framer: Framer) {}

  get outcome(): Framing {
    return this.framer.framing;
  }

  add(payload: Uint8Array, frames: number): void {
    if (cutsInto(this.framer, payload, frames)) return;
    const { frames: found } = this.framer.scan(payload, 0, 0, payload.length);
    throw new SpillwayError(
      `${this.path}: framing ${framingText(this.framer.framing)} cuts a record into ${found} frames, it has ${frames}`,
      { hint: "give the framing that the route had when it was written" },
    );
  }
}
