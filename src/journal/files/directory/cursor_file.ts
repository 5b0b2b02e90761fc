/**
 * Reads and writes the cursor file. Its two slots are written in turn, so that
 * after an interrupted write the last state written or the one before it is read.
 */
import { failedWith } from "../../../base/error.ts";
import type { File, FileOpener, FileSystem, WritableFile } from "../../../runtime/files.ts";
import {
  CURSOR_BYTES,
  type CursorFound,
  type CursorState,
  decodeCursor,
  encodeSlot,
  SLOT_OFFSETS,
} from "../format/cursor.ts";
import { newerVersion } from "../format/preamble.ts";
import { readSome } from "../segment/tolerant_read.ts";

/** What a cursor file of this program's format says. */
export type KnownCursor = Exclude<CursorFound, { kind: "newer" }>;

/** Reads the cursor without changing anything. A newer format version rejects with a `SpillwayError`. */
export async function readCursor(files: FileOpener, path: string): Promise<KnownCursor> {
  let file: File;
  try {
    file = await files.open(path, "read");
  } catch (error) {
    if (failedWith(error, "ENOENT")) return { kind: "absent" };
    throw error;
  }
  try {
    const found = decodeCursor(await readSome(file, 0, CURSOR_BYTES));
    if (found.kind === "newer") throw newerVersion(path, found.version);
    return found;
  } finally {
    file.close();
  }
}

/** The file, open twice: on one handle a write might wait for a sync to end. */
interface Handles {
  readonly writing: WritableFile;
  readonly syncing: WritableFile;
}

/** Writes the cursor. One write and one sync may run at the same time. A failed write may be tried again. */
export class CursorFile {
  #open: Handles | undefined;
  #directorySynced = false;
  /** A sync has failed: nothing more is written to the file, the next write replaces it by another one. */
  #suspect = false;

  /** `generation` is that of the newest valid slot on disk, 0 if there is none. */
  constructor(
    private readonly files: FileSystem,
    private readonly directory: string,
    private readonly path: string,
    private generation: number,
  ) {}

  /** Hands the state to the operating system: it survives a crash of the process. */
  async write(state: CursorState): Promise<void> {
    const generation = this.generation + 1;
    const slot = encodeSlot(generation, state);
    if (this.#suspect) {
      await this.#replace(slot, SLOT_OFFSETS[generation % 2]);
    } else {
      this.#open ??= await this.#openTwice(this.path);
      await this.#open.writing.writeAt([slot], SLOT_OFFSETS[generation % 2]);
    }
    this.generation = generation;
  }

  /** Once it resolves, the last state written survives a power loss; after a rejection, write it again first. */
  async sync(): Promise<void> {
    if (this.#open === undefined) return;
    try {
      await this.#open.syncing.sync();
      if (!this.#directorySynced) await this.files.syncDirectory(this.directory);
      this.#directorySynced = true;
    } catch (error) {
      this.#suspect = true;
      throw error;
    }
  }

  close(): void {
    if (this.#open !== undefined) close(this.#open);
    this.#open = undefined;
  }

  async #replace(slot: Uint8Array, offset: number): Promise<void> {
    const temporary = `${this.path}.tmp`;
    const opened = await this.#openTwice(temporary);
    try {
      await opened.writing.truncate(0);
      await opened.writing.writeAt([slot], offset);
      await opened.syncing.sync();
      await this.files.rename(temporary, this.path);
    } catch (error) {
      close(opened);
      throw error;
    }
    this.close();
    this.#open = opened;
    this.#suspect = this.#directorySynced = false;
  }

  async #openTwice(path: string): Promise<Handles> {
    const writing = await this.files.open(path, "open");
    try {
      return { writing, syncing: await this.files.open(path, "update") };
    } catch (error) {
      writing.close();
      throw error;
    }
  }
}

function close({ writing, syncing }: Handles): void {
  writing.close();
  syncing.close();
}
