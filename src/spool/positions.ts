/**
 * How far a route has come, in sequences:
 *
 *     confirmed ≤ sent ≤ end          the consumer's side
 *     appended ≤ end                  the journal's side
 *
 * This class alone moves `confirmed` and `sent`; the two ends are the window's
 * and the journal's own. Each move checks the order: a violation is a defect of
 * the program, and everything that is decided after it could lose frames.
 */
import type { Journal } from "../journal/journal.ts";
import type { Window } from "./window.ts";

export class Positions {
  #confirmed: number;
  #next: number;
  #appending = 0;

  constructor(private readonly journal: Pick<Journal, "cursor" | "end">, private readonly window: Pick<Window, "end">) {
    this.#confirmed = this.#next = journal.cursor;
    this.#assertOrder();
  }

  /** Sequence of the first frame that is not confirmed; frames before it that were dropped count as confirmed. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /**
   * Sequence of the next frame to hand to the consumer's connection. It is below
   * `confirmed` while a connection is sent frames again for `rewind`.
   */
  get next(): number {
    return this.#next;
  }

  /** Frames before this one are confirmed, or were handed to the connection, or will not be sent. */
  get sent(): number {
    return Math.max(this.#next, this.#confirmed);
  }

  /** Frames before this one are in the journal, or were confirmed without it. */
  get appended(): number {
    return this.journal.end;
  }

  /** Frames before this one survive a `kill -9`: they are confirmed, or in the journal. */
  get safe(): number {
    return Math.max(this.#confirmed, this.appended);
  }

  /** Frames before this one are in the journal, or in the append that is under way. */
  get appending(): number {
    return Math.max(this.#appending, this.appended);
  }

  /** Sequence of the next frame to be received. */
  get end(): number {
    return this.window.end;
  }

  /** A connection begins with frame `start`, at most `confirmed`. */
  begin(start: number): void {
    if (start > this.#confirmed) throw new Error(`a connection begins at ${start}, after ${this.#describe()}`);
    this.#next = start;
    this.#assertOrder();
  }

  /** The frames before `until`, from `next` on, are handed to the connection, or are passed over and never sent. */
  advance(until: number): void {
    this.#next = Math.max(this.#next, until);
    this.#assertOrder();
  }

  /** What was handed out and is not confirmed will be handed out again. */
  goBack(): void {
    this.#next = this.#confirmed;
    this.#assertOrder();
  }

  /** Everything before `until`, at most `sent`, is confirmed. */
  confirm(until: number): void {
    const isMove = this.#confirmed <= until && until <= this.sent;
    if (!isMove) throw new Error(`frames up to ${until} are confirmed, at ${this.#describe()}`);
    this.#confirmed = until;
    this.#assertOrder();
  }

  /** Frames before `until` are being appended. */
  beginAppend(until: number): void {
    this.#appending = until;
    this.#assertOrder();
  }

  /** The append has ended; `appended` tells how far it got. */
  endAppend(): void {
    this.#appending = 0;
    this.#assertOrder();
  }

  #assertOrder(): void {
    const { sent, appending, end } = this;
    if (sent > end || appending > end) throw new Error(`the positions are out of order: ${this.#describe()}`);
  }

  #describe(): string {
    const { confirmed, next, sent, appended, appending, end } = this;
    return Object.entries({ confirmed, next, sent, appended, appending, end }).map(([name, at]) => `${name} ${at}`)
      .join(", ");
  }
}
