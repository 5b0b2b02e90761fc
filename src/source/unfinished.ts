/**
 * Who may hold memory for an unfinished frame.
 *
 * A frame that has begun needs its memory until it is whole, so connections
 * that all begin large frames could together take everything and then wait for
 * each other for ever. Where unfinished frames hold half of memory, only the
 * oldest may grow; if that one stands still it is closed (DESIGN 5).
 */

/** The oldest unfinished frame may stand in the way of others this long, in ms. */
export const STUCK_MS = 10_000;

/** A connection as seen from here. */
export interface Holder {
  /** When bytes last arrived, on the monotonic clock. */
  readonly lastReadMs: number;
  /** Are we the ones who do not read, for want of memory? */
  readonly waitsForMemory: boolean;
  /** Closes the connection: its unfinished frame is in the way. */
  abandon(): void;
}

export class UnfinishedFrames {
  /** In the order in which they began to hold memory. */
  readonly #held = new Map<Holder, number>();
  #bytes = 0;
  #refused = false;

  constructor(private readonly maxBytes: number) {}

  /** May `holder` have `bytes` for its unfinished frame, instead of what it has now? */
  mayHold(holder: Holder, bytes: number): boolean {
    const others = this.#bytes - (this.#held.get(holder) ?? 0);
    const allowed = others + bytes <= this.maxBytes || this.isOldest(holder);
    if (!allowed) this.#refused = true;
    return allowed;
  }

  /** Is its frame the oldest one that holds memory, or would be? */
  isOldest(holder: Holder): boolean {
    return this.#held.size === 0 || this.#oldest() === holder;
  }

  /** `holder` has taken `bytes` for its unfinished frame; 0: the frame is whole or the connection gone. */
  set(holder: Holder, bytes: number): void {
    this.#bytes += bytes - (this.#held.get(holder) ?? 0);
    if (bytes > 0) this.#held.set(holder, bytes);
    else this.#held.delete(holder);
  }

  /** Closes the oldest if others were refused since the last call and it has not read anything for {@link STUCK_MS}. */
  checkStuck(nowMs: number): void {
    const refused = this.#refused;
    this.#refused = false;
    const oldest = this.#oldest();
    if (!refused || oldest === undefined || oldest.waitsForMemory) return;
    if (nowMs - oldest.lastReadMs >= STUCK_MS) oldest.abandon();
  }

  #oldest(): Holder | undefined {
    return this.#held.keys().next().value;
  }
}
