/**
 * A condition variable for one event loop: wait until somebody notifies.
 *
 * There is no lost wake-up to fear, because nothing runs between testing a
 * predicate and calling `wait()`. Waiters re-test their predicate in a loop.
 */
export class Condition {
  #promise: Promise<void> | undefined;
  #resolve: (() => void) | undefined;

  /** Resolves at the next `notify()`. */
  wait(): Promise<void> {
    this.#promise ??= new Promise((resolve) => this.#resolve = resolve);
    return this.#promise;
  }

  /** Wakes everybody who waits now. Costs nothing when nobody does. */
  notify(): void {
    if (this.#resolve === undefined) return;
    const resolve = this.#resolve;
    this.#promise = this.#resolve = undefined;
    resolve();
  }
}
