/** Where the consumer's bytes go that are forwarded: to every producer that is there, which is one as a rule. */
import type { Clock } from "../base/clock.ts";
import { Condition } from "../base/condition.ts";
import { ForwardedAnswers, type ForwardedAnswersOptions } from "./forwarded_answers.ts";

export class Forwarding {
  readonly #producers = new Set<ForwardedAnswers>();
  /** Notified when a producer has read what was forwarded. */
  readonly #taken = new Condition();

  constructor(private readonly clock: Clock) {}

  /** For a new producer's connection, until {@link left}. */
  joined(options: Omit<ForwardedAnswersOptions, "onRoom">): ForwardedAnswers {
    const answers = new ForwardedAnswers({ ...options, onRoom: () => this.#taken.notify() });
    this.#producers.add(answers);
    return answers;
  }

  left(answers: ForwardedAnswers): void {
    this.#producers.delete(answers);
  }

  /** Does the producer read what `forward` has for it? Also where there is none: then it is dropped. */
  get isReady(): boolean {
    for (const each of this.#producers) if (!each.isReady) return false;
    return true;
  }

  /** Resolves when `isReady` may have changed. */
  changed(): Promise<void> {
    return this.#taken.wait();
  }

  /** Bytes of the consumer for the producer, an answer to frame `sequence` if that is known. Takes a copy. */
  forward(bytes: Uint8Array, sequence: number | undefined): void {
    for (const each of this.#producers) each.forward(bytes, sequence);
  }

  /** How long delivery has been waiting for a producer that does not read its answers, in ms; undefined if it does not wait. */
  get heldUpMs(): number | undefined {
    for (const { heldUpSinceMs } of this.#producers) {
      if (heldUpSinceMs !== undefined) return this.clock.monotonicMs() - heldUpSinceMs;
    }
    return undefined;
  }

  /** Called about once a second; `confirmed` is the route's first unconfirmed frame. */
  check(confirmed: number, nowMs: number): void {
    for (const each of this.#producers) each.check(confirmed, nowMs);
  }
}
