/**
 * Readers that wait for memory, in the order in which they came.
 *
 * A buffer that comes free is enough for few of them: to wake a thousand readers
 * for it would cost more than reading what they have. So the first is served,
 * then the next, until no memory is left; the rest keep their places.
 */
import type { BufferPool } from "../base/buffer.ts";
import type { Clock } from "../base/clock.ts";

/**
 * With little memory free, this much time passes before memory that came free is
 * given out, in ms. Readers that took each buffer at once would keep the kernel's
 * queues full, and close the window after every read. This way a reader empties
 * its queue in one go, and the window closes once, if at all.
 */
const GATHER_MS = 6;

interface Waiting {
  /** Tries again; false while there is no memory. */
  serve(): boolean;
  /** May it take memory, if there is some? */
  isAllowed(): boolean;
  /** Ends the waiting without memory. */
  giveUp(): void;
}

export class MemoryQueue {
  readonly #waiting = new Map<object, Waiting>();
  #isServing = false;
  /** The owner that is being served at this moment. */
  #served: object | undefined;

  constructor(private readonly pool: BufferPool, private readonly clock: Clock) {}

  /**
   * Calls `take` when it is `owner`'s turn, until it returns something. Undefined
   * after {@link release}, or once `isAllowed` is false: then the owner has to wait
   * for something else than memory. An owner waits for one thing at a time.
   */
  wait<T>(owner: object, take: () => T | undefined, isAllowed: () => boolean = () => true): Promise<T | undefined> {
    return new Promise((resolve) => {
      const serve = () => {
        const taken = take();
        if (taken !== undefined) resolve(taken);
        return taken !== undefined;
      };
      this.#waiting.set(owner, { serve, isAllowed, giveUp: () => resolve(undefined) });
      if (!this.#isServing) this.#serveAll();
      // Memory may have come free already, if the owner waited for something else first.
      else this.pool.nudge();
    });
  }

  /** `owner` does not wait any more, whatever for. */
  release(owner: object): void {
    // An owner that is being served gets its memory all the same, or its `take` would run twice.
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
      if (!waiting.isAllowed()) waiting.giveUp();
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
