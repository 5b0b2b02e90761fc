/** Reports each loss once while the program runs, however often a reader passes it. */
import type { Log } from "../../../base/log.ts";
import type { Damage } from "../../journal.ts";
import type { SegmentDamage } from "../segment/salvage.ts";

export class DamageLog {
  /** For each damaged range, by segment and offset: how many losses had been reported before it. */
  readonly #places = new Map<string, number>();
  readonly #lost: SegmentDamage[] = [];
  #waiting: Damage[] = [];
  #listener: ((damage: Damage) => void) | undefined;

  constructor(private readonly log: Log) {}

  get listener(): (damage: Damage) => void {
    return this.#listener ?? (() => {});
  }

  /** Losses found before there was a listener are reported to it now. */
  set listener(listener: (damage: Damage) => void) {
    this.#listener = listener;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const damage of waiting) listener(damage);
  }

  /** How many losses were reported so far. A count uses it to leave out losses that a reader reports meanwhile. */
  get reported(): number {
    return this.#lost.length;
  }

  /** True if the range at `offset` of a segment was among the first `reported` losses. */
  knows(segment: string, offset: number, reported: number): boolean {
    return (this.#places.get(placeOf(segment, offset)) ?? reported) < reported;
  }

  /** True if a gap in the sequences, without damaged bytes, was among the first `reported` losses. */
  knowsGap({ from, until }: { readonly from: number; readonly until: number }, reported: number): boolean {
    return this.#lost.slice(0, reported).some((lost) => lost.bytes === 0 && lost.from <= from && until <= lost.until);
  }

  /** Frames of a segment that the first `reported` losses cost and that had been counted as pending. */
  countedIn(segment: string, reported: number): { readonly frames: number; readonly bytes: number } {
    const counted = this.#lost.slice(0, reported).filter((damage) => damage.segment === segment && damage.counted);
    return {
      frames: counted.reduce((sum, { frames }) => sum + frames, 0),
      bytes: counted.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0),
    };
  }

  report(damage: SegmentDamage): void {
    if (!this.#known(damage)) this.reportGone(damage);
  }

  /** Reports bytes that are in no segment any more; a later report of the same place is about other bytes. */
  reportGone(damage: SegmentDamage): void {
    this.#lost.push(damage);
    this.log.say(damage.bytes > 0 ? "journal_damaged" : "frames_missing", {
      segment: damage.segment,
      offset: damage.offset,
      bytes: damage.bytes,
      from: damage.from,
      until: damage.until,
    });
    const { segment, offset, bytes, ...told } = damage;
    const where = `${segment}: ${bytes} bytes at byte ${offset}`;
    if (this.#listener === undefined) this.#waiting.push({ where, ...told });
    else this.#listener({ where, ...told });
  }

  #known({ segment, offset, bytes, from, until }: SegmentDamage): boolean {
    if (bytes === 0) return this.#lost.some((lost) => lost.from <= from && until <= lost.until);
    const place = placeOf(segment, offset);
    if (this.#places.has(place)) return true;
    this.#places.set(place, this.#lost.length);
    return false;
  }
}

function placeOf(segment: string, offset: number): string {
  return `${segment} ${offset}`;
}
