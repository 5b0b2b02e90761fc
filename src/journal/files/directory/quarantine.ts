/** The `quarantine` directory, to which bytes that are no valid records are copied or moved. */
import { basename } from "node:path";
import { messageOf } from "../../../base/error.ts";
import type { Log } from "../../../base/log.ts";
import type { File, FileSystem, WritableFile } from "../../../runtime/files.ts";
import { CompressedSegment } from "../segment/compressed_file.ts";
import { copyBytes, hasBytesOf } from "./copy_bytes.ts";
import { replaceFile } from "./replace_file.ts";

export class Quarantine {
  readonly #directory: string;
  /** Bytes that this object has brought there. */
  bytes = 0;

  constructor(
    private readonly files: FileSystem,
    private readonly log: Log,
    private readonly journalDirectory: string,
  ) {
    this.#directory = `${journalDirectory}/quarantine`;
  }

  /** Like `copy`, but a failure is only logged: a full disk must not stop delivery. */
  async tryCopy(segment: string, from: File, offset: number, bytes: number): Promise<void> {
    try {
      await this.copy(segment, from, offset, bytes);
    } catch (error) {
      this.log.say("quarantine_failed", { segment, offset, bytes, error: messageOf(error) });
    }
  }

  /**
   * Copies [offset, offset + bytes) of a segment to `BASE-OFFSET.bad`, or to the
   * next free name if that file has other bytes, and syncs the copy. For a
   * compressed segment, copies the bytes of its file that hold the range. Returns
   * the path of the copy, or of an earlier one with the same bytes.
   */
  async copy(segment: string, from: File, offset: number, bytes: number): Promise<string> {
    if (from instanceof CompressedSegment) {
      const range = await from.rangeInFile(offset, bytes);
      return await this.copy(segment, from.file, range.offset, range.bytes);
    }
    const path = `${this.#directory}/${segment.replace(/\.seg$/, "")}-${offset}.bad`;
    for (let i = 0;; i++) {
      const to = i === 0 ? path : `${path}.${i}`;
      const there = await this.files.stat(to);
      if (there?.size === bytes && await this.#isCopy(to, from, offset, bytes)) return to;
      if (there !== undefined) continue;
      await this.#create(to, (file) => copyBytes(from, offset, file, 0, bytes));
      this.bytes += bytes;
      return to;
    }
  }

  /** Other damage may have the same place and size: after a repair the records stand at other offsets. */
  async #isCopy(path: string, from: File, offset: number, bytes: number): Promise<boolean> {
    const copy = await this.files.open(path, "read");
    try {
      return await hasBytesOf(from, offset, bytes, copy);
    } finally {
      copy.close();
    }
  }

  /** The file appears under its name when it is whole and synced. */
  async #create(path: string, fill: (to: WritableFile) => Promise<void>): Promise<void> {
    await this.files.makeDirectory(this.#directory);
    await replaceFile(this.files, path, fill);
    await this.#syncNames();
  }

  /** The name of the directory itself may be new, so it is synced first. */
  async #syncNames(): Promise<void> {
    await this.files.syncDirectory(this.journalDirectory);
    await this.files.syncDirectory(this.#directory);
  }

  /** Writes one frame to `SEQUENCE.refused`, replacing an earlier copy, and syncs it. Returns the path. */
  async keepFrame(sequence: number, frame: Uint8Array): Promise<string> {
    const path = `${this.#directory}/${String(sequence).padStart(20, "0")}.refused`;
    await this.#create(path, (to) => to.writeAt([frame], 0));
    this.bytes += frame.length;
    return path;
  }

  /** Moves a whole file to quarantine, under its own name or the next free one. Returns the new path. */
  async setAside(path: string): Promise<string> {
    await this.files.makeDirectory(this.#directory);
    const name = basename(path);
    for (let i = 0;; i++) {
      const to = `${this.#directory}/${name}${i === 0 ? "" : `.${i}`}`;
      if (await this.files.stat(to) !== undefined) continue;
      this.bytes += (await this.files.stat(path))?.size ?? 0;
      await this.files.rename(path, to);
      await this.#syncNames();
      return to;
    }
  }
}
