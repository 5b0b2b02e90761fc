/**
 * What is to stand in the cursor file, and what does. The state is set here at
 * any time and written when told. Writes take turns among themselves and wait
 * for nothing else, no sync and no unlinking: the reader of a socket may be
 * waiting for one.
 */
import type { CursorFile } from "../directory/cursor_file.ts";
import type { CursorState } from "../format/cursor.ts";
import type { Unread } from "../../journal.ts";

export class WrittenCursor {
  /** Bytes that were in memory alone, at most, if the process dies now. */
  riskBytes = 0;
  /** The next process begins here, or at `cursor` if that comes first. */
  #resendFrom: number;
  #written: CursorState | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(private readonly file: CursorFile, public cursor: number, public unreadFrom: number) {
    this.#resendFrom = unreadFrom;
  }

  /** Everything below `sequence` is confirmed. That does not go back, nor does what is read. Is that to be written, and at once? */
  confirm(sequence: number, { from, resendFrom }: Unread): "no" | "soon" | "now" {
    if (sequence > this.cursor) this.cursor = sequence;
    if (from > this.unreadFrom) this.unreadFrom = Math.min(from, this.cursor);
    this.#resendFrom = Math.max(resendFrom, this.unreadFrom);
    const state = { ...this.#state, clean: false };
    const written = this.#written;
    if (written !== undefined && isSame(written, state)) return "no";
    // A process that starts after a kill would leave out frames that nobody has.
    const isLate = written !== undefined && this.#resendFrom < written.cursor - written.resendFrames;
    return isLate ? "now" : "soon";
  }

  /** As last written; undefined before that, and while it is not known what the disk has. */
  get written(): CursorState | undefined {
    return this.#written;
  }

  /** Writes the state as it is when its turn comes, unless it is there already. A failed write may be tried again. */
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

  /** What still waits for its turn is not written any more: the file may belong to another process by then. */
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
