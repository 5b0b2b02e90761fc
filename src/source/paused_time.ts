/**
 * The time in which reading was stopped for one reason. A second counts
 * once, however many connections wait in it.
 */
export class PausedTime {
  /** The connections that wait and since when, on the monotonic clock; the one that has waited longest comes first. */
  readonly #waiting = new Map<object, number>();
  /** Since when at least one has been waiting without a break. */
  #sinceMs = 0;
  /** The time before that. */
  #totalMs = 0;

  /** Connection `owner` stops reading. */
  begin(owner: object, nowMs: number): void {
    if (this.#waiting.has(owner)) throw new Error("a connection stops reading that has stopped already");
    if (this.#waiting.size === 0) this.#sinceMs = nowMs;
    this.#waiting.set(owner, nowMs);
  }

  /** `owner` reads again, or has ended. */
  end(owner: object, nowMs: number): void {
    if (!this.#waiting.delete(owner)) throw new Error("a connection reads again that had not stopped");
    if (this.#waiting.size === 0) this.#totalMs += nowMs - this.#sinceMs;
  }

  /** All of it so far, in ms. */
  total(nowMs: number): number {
    return this.#totalMs + (this.#waiting.size === 0 ? 0 : nowMs - this.#sinceMs);
  }

  /** How long the connection that has waited longest has been waiting, in ms; undefined if none waits. */
  longest(nowMs: number): number | undefined {
    for (const sinceMs of this.#waiting.values()) return nowMs - sinceMs;
    return undefined;
  }
}
