/**
 * The consumer of the model: it checks every byte that it is sent against the
 * books, and knows for each connection what it has, what it has confirmed, and
 * how much of that the route knows.
 */
import { assert, assertEquals } from "../../support/assert.ts";
import { join } from "../../support/bytes.ts";
import type { Books } from "./books.ts";
import { frameOf, idOf } from "./model_frames.ts";

/** A frame as this connection had it, whole. */
interface Got {
  readonly sequence: number;
  /** Position in the connection's bytes after it. */
  readonly end: number;
  /** Was behind a frame with a bad reply: its reply counts for nothing. */
  stale: boolean;
}

export interface StreamOptions {
  /** Sequence at which the connection begins. */
  readonly first: number;
  /** The first unconfirmed frame then: what is before is there for `rewind`. */
  readonly confirmed: number;
  /** May frames that are there for `rewind` be missing, for want of room? */
  readonly rewindMayMiss: () => boolean;
  /**
   * Since the connection began an operator has given up everything below this:
   * the route did not look for those frames.
   */
  readonly givenUpTo: () => number;
}

/** One connection to the consumer. */
export class Stream {
  readonly got: Got[] = [];
  /** Bytes that have come in, and bytes that the consumer has acknowledged. */
  bytes = 0;
  acknowledged = 0;
  /** Of these, bytes that its program has read, and bytes of which the route knows that. */
  read = 0;
  knownRead = 0;
  /** How many frames have their reply. */
  replied = 0;
  #rest: Uint8Array = new Uint8Array(0);
  #next: number;
  #told = 0;

  constructor(private readonly books: Books, private readonly options: StreamOptions) {
    this.#next = options.first;
  }

  /** Bytes arrive. Whole frames must be the next ones, byte for byte. */
  take(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    this.#rest = join([this.#rest, bytes]);
    let from = 0;
    for (let at = this.#rest.indexOf(10); at !== -1; at = this.#rest.indexOf(10, from)) {
      const frame = this.#rest.subarray(from, from = at + 1);
      this.#arrived(frame, this.bytes - (this.#rest.length - from));
    }
    this.#rest = this.#rest.slice(from);
  }

  #arrived(frame: Uint8Array, end: number): void {
    const id = idOf(frame);
    assertEquals(frame, frameOf(id), `frame ${id}, byte for byte`);
    const { log } = this.books;
    let at = this.#find(id, this.#next);
    const last = this.got.at(-1);
    // It was handed out before the bad reply to an earlier one came in: the reply to this one counts for
    // nothing either.
    const crossed = log[at]?.id !== id && last !== undefined && last.sequence >= this.#next;
    if (crossed) at = this.#find(id, last.sequence + 1);
    assertEquals(id, log[at]?.id, `the next frame of the connection, sequence ${at} after ${this.#next}`);
    const stale = this.got.length - this.replied;
    assert(crossed || stale === 0 || last?.stale !== true, `frame ${id} comes before ${stale} stale replies`);
    const entry = log[at];
    if (entry.fate === "maybe") entry.fate = "pending";
    // `rewind` goes by bytes: what the consumer refused is among them, after a restart also what the operator gave up.
    const again = (entry.fate === "refused" || entry.fate === "operator") && at < this.options.confirmed;
    assert(entry.fate === "pending" || again, `frame ${id} is delivered, it was ${entry.fate}`);
    entry.inFlight = true;
    this.got.push({ sequence: at, end, stale: crossed });
    if (crossed) return;
    const lookedFor = Math.max(this.#next, Math.min(at, this.options.givenUpTo()));
    for (const missed of log.slice(lookedFor, at)) if (missed.fate === "maybe") missed.fate = "gone";
    this.#next = at + 1;
  }

  /** Where frame `id` is, from `sequence` on and past what may be missing; else the first that may not. */
  #find(id: number, sequence: number): number {
    const { log } = this.books;
    let at = sequence;
    while (at < log.length && log[at].id !== id && !this.books.hasGhost(at, id) && this.#mayMiss(at)) at++;
    return at;
  }

  #mayMiss(sequence: number): boolean {
    const { fate, unlinked } = this.books.log[sequence];
    if (fate !== "pending") return true;
    return sequence < this.options.confirmed && (this.options.rewindMayMiss() || unlinked);
  }

  /** The consumer's kernel acknowledges everything up to `position`. */
  acknowledge(position: number): void {
    this.acknowledged = position;
    for (const { sequence, end } of this.got) if (end <= position) this.books.log[sequence].arrived = true;
  }

  /** The consumer's program reads everything up to `position`. */
  readTo(position: number): void {
    for (const { sequence, end } of this.got) if (end <= position) this.books.log[sequence].read = true;
  }

  /** The route learns that everything up to `position` is acknowledged. */
  tell(position: number): void {
    this.#told = Math.max(this.#told, position);
    for (const { sequence, end } of this.got) {
      if (end <= this.#told) this.books.log[sequence].toldTo = this.books.run;
    }
  }

  /** The first frame that does not wholly lie before `position`, as far as it has come. */
  sequenceAt(position: number): number {
    const last = this.got.findLast(({ end }) => end <= position);
    return last === undefined ? this.options.first : last.sequence + 1;
  }

  get told(): number {
    return this.#told;
  }

  /** The connection is no more. */
  end(): void {
    for (const { sequence } of this.got) {
      const entry = this.books.log.at(sequence);
      if (entry !== undefined) entry.inFlight = false;
    }
  }

  /** The consumer replies to the next frame, and the route knows. Returns its sequence if the reply counts. */
  reply(good: boolean): number | undefined {
    const got = this.got[this.replied++];
    const entry = this.books.log[got.sequence];
    entry.inFlight = false;
    const counts = !got.stale && got.sequence >= this.books.position;
    if (good) entry.arrived = true;
    if (!got.stale && (good || !counts)) entry.toldTo = this.books.run;
    if (!counts) return undefined;
    if (good) return got.sequence;
    for (const behind of this.got.slice(this.replied)) behind.stale = true;
    this.#next = got.sequence;
    return got.sequence;
  }
}
