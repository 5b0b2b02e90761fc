/**
 * The state for the cursor file, and the state that was written last. The state may
 * be set at any time and is written on request. Writes wait for each other but not
 * for a sync or an unlink, because the reader of a socket may wait for a write.
 */
import type { CursorFile } from "../directory/cursor_file.ts";
import type { CursorState } from "../format/cursor.ts";
import type { Unread } from "../../journal.ts";

export class WrittenCursor {
  /** At most this many bytes are in memory alone. */
  riskBytes = 0;
  /** The next process begins to send at this sequence, or at `cursor` if that is lower. */
  #resendFrom: number;
  #written: CursorState | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(private readonly file: CursorFile, public cursor: number, public unreadFrom: number) {
    this.#resendFrom = unreadFrom;
  }

  /**
   * Everything below `sequence` is confirmed; neither that nor `unreadFrom` goes back.
   * Returns whether the state has to be written, and how soon.
   */
  confirm(sequence: number, { from, resendFrom }: Unread): "no" | "soon" | "now" {
    if (sequence > this.cursor) this.cursor = sequence;
    if (from > this.unreadFrom) this.unreadFrom = Math.min(from, this.cursor);
    this.#resendFrom = Math.max(resendFrom, this.unreadFrom);
    const state = { ...this.#state, clean: false };
    const written = this.#written;
    if (written !== undefined && isSame(written, state)) return "no";
    // By the written state, the next process would not send frames again that no consumer has.
    const isLate = written !== undefined && this.#resendFrom < written.cursor - written.resendFrames;
    return isLate ? "now" : "soon";
  }

  /** The state written last; undefined before that, and after a failed sync. */
  get written(): CursorState | undefined {
    return this.#written;
  }

  /** Writes the state, as it is when earlier writes are done, unless it is written already. A failed write may be tried again. */
  write(clean = false): Promise<void> {
    const written = this.#turn.then(() => this.#write(clean));
    this.#turn = written.catch(() => {});
    return written;
  }

  /** Once it resolves, what was written before survives a power loss; after a rejection, write it again first. */
  async sync(): Promise<void> {
    try {
      await this.file.sync();
    } catch (error) {
      this.#written = undefined;
      throw error;
    }
  }

  /** A write that still waits is not done any more and rejects: the file may belong to another process by then. */
  close(): void {
    this.#closed = true;
    this.file.close();
  }

  get #state(): Omit<CursorState, "clean"> {
    const { cursor, riskBytes: atRiskBytes } = this;
    const resendFrames = Math.max(0, cursor - this.#resendFrom);
    return { cursor, atRiskBytes, unreadFrames: cursor - this.unreadFrom, resendFrames };
  }

  async #write(clean: boolean): Promise<void> {
    if (this.#closed) throw new Error("the cursor is written after its end");
    const state = { ...this.#state, clean };
    if (this.#written !== undefined && isSame(this.#written, state)) return;
    await this.file.write(state);
    this.#written = state;
  }
}

function isSame(one: CursorState, other: CursorState): boolean {
  return one.cursor === other.cursor && one.atRiskBytes === other.atRiskBytes && one.clean === other.clean &&
    one.unreadFrames === other.unreadFrames && one.resendFrames === other.resendFrames;
}
