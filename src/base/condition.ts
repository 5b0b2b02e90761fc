/**
 * A condition variable for one event loop: `wait` until the next `notify`.
 *
 * No wake-up is lost, because nothing else runs between testing a predicate and
 * calling `wait()`. Waiters re-test their predicate in a loop.
 */
export class Condition {
  #promise: Promise<void> | undefined;
  #resolve: (() => void) | undefined;

  /** Resolves at the next `notify()`. */
  wait(): Promise<void> {
    this.#promise ??= new Promise((resolve) => this.#resolve = resolve);
    return this.#promise;
  }

  /** Wakes all waiters of this moment. Costs nothing when there is none. */
  notify(): void {
    if (this.#resolve === undefined) return;
    const resolve = this.#resolve;
    this.#promise = this.#resolve = undefined;
    resolve();
  }
}
