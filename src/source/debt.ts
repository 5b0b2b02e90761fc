/** Is something owed to a producer? {@link Answers} can be waited for, not asked; this keeps waiting, and can be asked. */
import type { Clock } from "../base/clock.ts";
import type { Answers } from "./answers.ts";

export class Debt {
  /** Is there something to be said to the producer for what came in? */
  owed = false;
  /** Was there ever? The last of it may still be on its way. */
  incurred = false;
  /** When that was last so, on the monotonic clock. */
  settledMs: number;
  #grown = false;

  constructor(private readonly answers: Answers, private readonly clock: Clock) {
    this.settledMs = clock.monotonicMs();
  }

  /** Frames came in, and the answers know of them. */
  received(): void {
    this.#grown = this.incurred = true;
    if (this.owed) return;
    this.owed = true;
    this.#follow();
  }

  async #follow(): Promise<void> {
    while (this.#grown) {
      this.#grown = false;
      await this.answers.settled();
    }
    this.owed = false;
    this.settledMs = this.clock.monotonicMs();
  }
}
