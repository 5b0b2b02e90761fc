/**
 * The cursor file: two checksummed slots in separate sectors, written in turn.
 * However a write is interrupted, the slot before it is still there, so what
 * is read back is the last state written or the one before.
 */
import { crc32 } from "node:zlib";
import { failedWith } from "../../../base/error.ts";
import type { File, FileOpener, FileSystem, WritableFile } from "../../../runtime/files.ts";
import {
  areCounts,
  CURSOR_MAGIC,
  decodePreamble,
  encodePreamble,
  FORMAT_VERSION,
  getU64,
  setU64,
  viewOf,
} from "../format/segment.ts";
import { newerVersion } from "../format/newer_version.ts";
import { readSome } from "../segment/tolerant_read.ts";

export interface CursorState {
  /** Sequence of the next frame to deliver. */
  readonly cursor: number;
  /** Bytes that were in memory alone, at most; written before memory came to hold more. */
  readonly atRiskBytes: number;
  /** Written by a clean stop. */
  readonly clean: boolean;
  /** So many frames right before the cursor may not have been read by the consumer's program. */
  readonly unreadFrames: number;
  /** So many of these are on no connection: the next process sends them again. A consumer's kernel keeps what it has. */
  readonly resendFrames: number;
}

/** What the file says: a state, or why there is none. */
export type CursorFound =
  | {
    readonly kind: "valid";
    readonly generation: number;
    readonly state: CursorState;
    /** Does the other slot hold the state before, as it should? Else it may have held a newer one. */
    readonly newest: boolean;
  }
  | { readonly kind: "bad" }
  | { readonly kind: "absent" }
  | { readonly kind: "newer"; readonly version: number };

export const SLOT_BYTES = 512;
/** Where the slots stand; each holds the generations that its index is the remainder of. */
export const SLOT_OFFSETS = [0, 4096] as const;
/** Bytes of the whole file. */
export const CURSOR_BYTES = SLOT_OFFSETS[1] + SLOT_BYTES;
const CRC_OFFSET = 60;
/** What the checksum covers, and it; the rest of a slot is zeros. */
export const SLOT_HEAD_BYTES = CRC_OFFSET + 4;
const CLEAN_FLAG = 1;
/** More frames than any kernel holds unread. */
const RESEND_FRAMES_MAX = 2 ** 32 - 1;

/** The bytes of one slot. */
export function encodeSlot(generation: number, state: CursorState): Uint8Array {
  const bytes = new Uint8Array(SLOT_BYTES);
  const view = viewOf(bytes);
  encodePreamble(bytes, CURSOR_MAGIC, FORMAT_VERSION);
  setU64(view, 16, generation);
  setU64(view, 24, state.cursor);
  setU64(view, 32, state.atRiskBytes);
  view.setUint32(40, state.clean ? CLEAN_FLAG : 0, true);
  setU64(view, 48, state.unreadFrames);
  view.setUint32(56, Math.min(state.resendFrames, RESEND_FRAMES_MAX), true);
  view.setUint32(CRC_OFFSET, crc32(bytes.subarray(0, CRC_OFFSET)), true);
  return bytes;
}

export type Slot =
  | { readonly kind: "valid"; readonly generation: number; readonly state: CursorState }
  | Exclude<CursorFound, { kind: "valid" | "absent" }>;

/** What one slot's bytes say. */
export function decodeSlot(bytes: Uint8Array): Slot {
  const preamble = decodePreamble(bytes, CURSOR_MAGIC);
  if (preamble.kind === "newer") return preamble;
  if (preamble.kind === "damaged" || bytes.length < SLOT_HEAD_BYTES) return { kind: "bad" };
  const view = viewOf(bytes);
  if (view.getUint32(CRC_OFFSET, true) !== crc32(bytes.subarray(0, CRC_OFFSET))) return { kind: "bad" };
  const generation = getU64(view, 16);
  const cursor = getU64(view, 24);
  const atRiskBytes = getU64(view, 32);
  const unreadFrames = getU64(view, 48);
  const resendFrames = view.getUint32(56, true);
  const isPossible = areCounts(generation, generation + 1, cursor) &&
    resendFrames <= unreadFrames && unreadFrames <= cursor && areCounts(atRiskBytes);
  if (!isPossible) return { kind: "bad" };
  const clean = (view.getUint32(40, true) & CLEAN_FLAG) !== 0;
  return {
    kind: "valid",
    generation,
    state: { cursor, atRiskBytes, clean, unreadFrames, resendFrames },
  };
}

/** The newer valid slot of a cursor file's bytes. */
export function decodeCursor(bytes: Uint8Array): CursorFound {
  const slots = SLOT_OFFSETS.map((offset) => decodeSlot(bytes.subarray(offset, offset + SLOT_BYTES)));
  const newer = slots.find((slot) => slot.kind === "newer");
  if (newer !== undefined) return newer;
  const [best, before] = slots.filter((slot) => slot.kind === "valid").sort((a, b) => b.generation - a.generation);
  if (best === undefined) return { kind: "bad" };
  const isFirst = best.generation === 1 && bytes.subarray(SLOT_OFFSETS[0], SLOT_BYTES).every((byte) => byte === 0);
  return { ...best, newest: before !== undefined || isFirst };
}

/** What memory alone had at most, in bytes; undefined where that is not known: a slot that cannot be read may have said more. */
export function riskOf(found: CursorFound): number | undefined {
  if (found.kind !== "valid" || !found.newest) return undefined;
  return found.state.clean ? 0 : found.state.atRiskBytes;
}

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

/** The file, open twice: on one handle a write may have to wait for a sync to end. */
interface Handles {
  readonly writing: WritableFile;
  readonly syncing: WritableFile;
}

/** Writes the cursor: one write and one sync at a time, also at once. A failed write may be tried again. */
export class CursorFile {
  #open: Handles | undefined;
  #directorySynced = false;
  /** A sync has failed: nothing more is written to the file, another one takes its place. */
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
