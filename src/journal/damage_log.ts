/** Losses are reported once in a run of the program, however often the reader passes them. */
import type { Log } from "../base/log.ts";
import type { Damage } from "./types.ts";

export class DamageLog {
  readonly #places = new Set<string>();
  readonly #lost: { from: number; until: number }[] = [];
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

  report(damage: Damage): void {
    if (this.#known(damage)) return;
    this.#lost.push(damage);
    this.log.error(damage.bytes > 0 ? "damaged bytes in the journal" : "frames are missing from the journal", {
      segment: damage.segment,
      offset: damage.offset,
      bytes: damage.bytes,
      from: damage.from,
      until: damage.until,
    });
    if (this.#listener === undefined) this.#waiting.push(damage);
    else this.#listener(damage);
  }

  #known({ segment, offset, bytes, from, until }: Damage): boolean {
    if (bytes === 0) return this.#lost.some((lost) => lost.from <= from && until <= lost.until);
    const place = `${segment} ${offset}`;
    if (this.#places.has(place)) return true;
    this.#places.add(place);
    return false;
  }
}
