/**
 * Who waits for memory, in the order in which they came.
 *
 * A buffer that comes free is of use to few: to wake a thousand readers for it
 * would cost more than reading what they have. So the first in line is served,
 * and the next, until there is no memory left; the rest keep their places.
 */
import type { BufferPool } from "../base/buffer.ts";
import type { Clock } from "../base/clock.ts";

/**
 * With little memory free, this much time passes before what came back is given
 * out. Readers that took each buffer at once would keep the kernel's queues
 * full, and close the window after every read; this way they empty the queue in
 * one go and the window closes once, if at all.
 */
const GATHER_MS = 6;

interface Waiting {
  /** Tries again; false while there is no memory. */
  serve(): boolean;
  /** Whether it still waits for memory, and for nothing else. */
  may(): boolean;
  /** Ends the waiting without memory. */
  giveUp(): void;
}

export class MemoryQueue {
  readonly #waiting = new Map<object, Waiting>();
  #isServing = false;
  /** Whose turn it is just now. */
  #served: object | undefined;

  constructor(private readonly pool: BufferPool, private readonly clock: Clock) {}

  /**
   * Calls `take` when it is `owner`'s turn, until it gives something. Undefined
   * after {@link release}, or once `may` says that there is more to wait for
   * than memory. An owner waits for one thing at a time.
   */
  wait<T>(owner: object, take: () => T | undefined, may: () => boolean = () => true): Promise<T | undefined> {
    return new Promise((resolve) => {
      const serve = () => {
        const taken = take();
        if (taken !== undefined) resolve(taken);
        return taken !== undefined;
      };
      this.#waiting.set(owner, { serve, may, giveUp: () => resolve(undefined) });
      if (!this.#isServing) this.#serveAll();
      // There may be memory already, where something else was waited for first.
      else this.pool.nudge();
    });
  }

  /** Whatever `owner` waits for, it waits no more. */
  release(owner: object): void {
    // Who is being served gets it all the same, or it would be taken a second time.
    if (owner === this.#served) return;
    this.#waiting.get(owner)?.giveUp();
    this.#waiting.delete(owner);
  }

  async #serveAll(): Promise<void> {
    this.#isServing = true;
    for (;;) {
      if (!this.pool.hasHeadroom) await this.clock.sleep(GATHER_MS);
      this.#serve();
      if (this.#waiting.size === 0) break;
      await this.pool.freed();
    }
    this.#isServing = false;
  }

  #serve(): void {
    for (const [owner, waiting] of this.#waiting) {
      if (!waiting.may()) waiting.giveUp();
      else if (!this.#serveOne(owner, waiting)) return;
      this.#waiting.delete(owner);
    }
  }

  #serveOne(owner: object, waiting: Waiting): boolean {
    this.#served = owner;
    const isServed = waiting.serve();
    this.#served = undefined;
    return isServed;
  }
}
