/**
 * The walk over the records of a segment that `ls`, `cat`, `verify`, `repair`,
 * `status` and the daemon at its start share. Each frame comes once, in the order
 * of the sequences.
 *
 * A file that is as a writer leaves it is read once from front to back. At the
 * first deviation its layout is made (layout.ts), for which every checksum is
 * verified in any case, so that all callers see the same records.
 */
import type { File } from "../../../runtime/files.ts";
import type { RecordHeader } from "../format/segment.ts";
import { type Layout, type LayoutOptions, layOutRecords } from "./layout.ts";
import type { Segment } from "./segment.ts";
import { walkBatches, type WalkedItem, type WalkOptions } from "./walk_records.ts";

export type OrderedWalkOptions = WalkOptions & LayoutOptions;

/** Everything in the file from `from` on. Damage with a header costs its frames; damage without one costs no known frame. */
export async function* walkInOrder(file: File, options: OrderedWalkOptions): AsyncGenerator<WalkedItem> {
  for await (const batch of batchesInOrder(file, options)) {
    for (const found of batch) yield found;
  }
}

/** A record of which at least the header can be read. */
export interface RecordFound {
  readonly offset: number;
  readonly header: RecordHeader;
  /** False if the payload is known to be damaged; in a file without other damage payloads are not checked. */
  readonly isWhole: boolean;
}

/** A segment in which records can be looked for. */
export type WalkableSegment = Pick<Segment, "base" | "marks" | "start" | "limit">;

/**
 * The records of an open segment that have frames in [sequence, until), in the
 * order of the sequences; none where nothing in the file can be read. `from`: a
 * record to begin at; default: the first one.
 */
export async function* recordsFrom(
  file: File,
  { base, marks, start, limit }: WalkableSegment,
  sequence: number,
  until: number,
  from: { readonly offset: number; readonly end: number } = { offset: start, end: base },
): AsyncGenerator<RecordFound> {
  if (marks === undefined) return;
  for await (const found of walkInOrder(file, { marks, base: from.end, from: from.offset, limit, verify: false })) {
    if (found.kind !== "record" && found.kind !== "damage" || found.header === undefined) continue;
    const { first, frames } = found.header;
    if (first >= until) return;
    if (first + frames > sequence) {
      yield { offset: found.offset, header: found.header, isWhole: found.kind === "record" };
    }
  }
}

/** Like {@link walkInOrder}, as many items at a time as are in memory, at least one. */
export async function* batchesInOrder(file: File, options: OrderedWalkOptions): AsyncGenerator<readonly WalkedItem[]> {
  const order = new Order(options.base);
  for await (const batch of walkBatches(file, options)) {
    const at = batch.findIndex((found) => !order.takes(found));
    if (at === -1) {
      yield batch;
      continue;
    }
    if (at > 0) yield batch.slice(0, at);
    // Verified records need not be read again. A payload that was not verified may be damaged and hide a record.
    const layout = options.verify
      ? await layOutRecords(file, { ...options, from: batch[at].offset, base: order.end })
      : await layOutRecords(file, options);
    yield* batchesOf(file, options, layout, order.end);
    return;
  }
}

/** Checks that the items of a walk come as a writer leaves them. */
class Order {
  /** Sequence after the last record. */
  end: number;
  #sealed = false;

  constructor(base: number) {
    this.end = base;
  }

  takes(found: WalkedItem): boolean {
    if (this.#sealed || found.kind === "damage") return false;
    if (found.kind === "tail") return found.torn;
    if (found.kind === "footer") {
      this.#sealed = true;
      return found.footer.end <= this.end || found.footer.records === 0;
    }
    const { first, frames, previousEnd } = found.header;
    if (first < this.end || Math.min(previousEnd, first) > this.end) return false;
    this.end = first + frames;
    return true;
  }
}

/** The items of a layout from the sequence `from` on, and all stray bytes. */
async function* batchesOf(
  file: File,
  options: WalkOptions,
  { runs, lostRecords, strayBytes, footers, tail }: Layout,
  from: number,
): AsyncGenerator<readonly WalkedItem[]> {
  const damages = [
    ...strayBytes.map(({ offset, bytes, behind }) => ({ at: behind, offset, bytes, header: undefined })),
    ...lostRecords.map((lost) => ({ at: lost.header.first, ...lost })),
  ].sort((a, b) => a.at - b.at || a.offset - b.offset);
  let next = 0;
  const damagesUpTo = (sequence: number): WalkedItem[] => {
    const found: WalkedItem[] = [];
    for (; next < damages.length && damages[next].at <= sequence; next++) {
      const { offset, bytes, header } = damages[next];
      if (header === undefined) found.push({ kind: "damage", offset, bytes });
      else if (header.first >= from) found.push({ kind: "damage", offset, bytes, header });
    }
    return found;
  };
  for (const run of runs) {
    if (run.until <= from) continue;
    const before = damagesUpTo(run.first);
    if (before.length > 0) yield before;
    for await (const batch of walkBatches(file, { ...options, from: run.offset, limit: run.end })) {
      const isWanted = (found: WalkedItem) => found.kind !== "record" || found.header.first >= from;
      const wanted = batch.every(isWanted) ? batch : batch.filter(isWanted);
      if (wanted.length > 0) yield wanted;
    }
  }
  const rest = damagesUpTo(Number.POSITIVE_INFINITY);
  for (const { offset, footer } of footers) rest.push({ kind: "footer", offset, footer });
  if (tail !== undefined) rest.push(tail);
  if (rest.length > 0) yield rest;
}
