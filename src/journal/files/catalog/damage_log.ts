/** Losses are reported once in a run of the program, however often the reader passes them. */
import type { Log } from "../../../base/log.ts";
import type { Damage } from "../../journal.ts";
import type { SegmentDamage } from "../segment/detour.ts";

export class DamageLog {
  /** By segment and offset: how many losses had been reported before. */
  readonly #places = new Map<string, number>();
  readonly #lost: SegmentDamage[] = [];
  #waiting: Damage[] = [];
  #listener: ((damage: Damage) => void) | undefined;

  constructor(private readonly log: Log) {}

  get listener(): (damage: Damage) => void {
    return this.#listener ?? (() => {});
  }

  /** What was found before anybody listened is told now. */
  set listener(listener: (damage: Damage) => void) {
    this.#listener = listener;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const damage of waiting) listener(damage);
  }

  /** How many losses were reported so far: what a reader finds while somebody counts is told apart by it. */
  get reported(): number {
    return this.#lost.length;
  }

  /** Was the stretch at `offset` of a segment among the first `reported` losses? */
  knows(segment: string, offset: number, reported: number): boolean {
    return (this.#places.get(placeOf(segment, offset)) ?? reported) < reported;
  }

  /** Was a stretch of sequences that no bytes stand for among the first `reported` losses? */
  knowsGap({ from, until }: { readonly from: number; readonly until: number }, reported: number): boolean {
    return this.#lost.slice(0, reported).some((lost) => lost.bytes === 0 && lost.from <= from && until <= lost.until);
  }

  /** What the first `reported` losses took from a segment and had been counted as pending. */
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

  /** Bytes that are in no segment any more: a new one may have sound records in that place, or others that are damaged. */
  reportGone(damage: SegmentDamage): void {
    this.#lost.push(damage);
    this.log.error(damage.bytes > 0 ? "damaged bytes in the journal" : "frames are missing from the journal", {
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
