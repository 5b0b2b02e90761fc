/**
 * A journal's directory for somebody who follows it. Segments that were gone
 * through are left out, so that a look costs the same however many there are. The
 * newest one is kept open: it may be delivered and removed at any moment, and what
 * is in it can be read all the same.
 */
import { basename } from "node:path";
import { failedWith } from "../../../base/error.ts";
import type { File, FileInfo, ReadableFiles } from "../../../runtime/files.ts";
import { type SegmentFile, segmentsAmong } from "../segment/segment_files.ts";

/** What a look at the directory has found. */
export interface Look {
  /** Is there a journal at all? */
  readonly isThere: boolean;
  /** Is there a segment to read? */
  readonly hasSegments: boolean;
  /** Differs from that of an earlier look if something may have come. */
  readonly state: string;
}

export class FollowedFiles implements ReadableFiles {
  readonly #held = new Map<string, File>();
  /** The paths of all segments as of the last look, the newest last. */
  #listed: readonly string[] = [];
  /** Segments that begin before this sequence were gone through. */
  #from = 0;

  constructor(private readonly files: ReadableFiles, private readonly directory: string) {}

  /** Looks at what is there; frames before `sequence` are not wanted any more. */
  async look(sequence: number): Promise<Look> {
    const names = await ifThere(() => this.files.list(this.directory)) ?? [];
    const segments = segmentsAmong(names, this.directory);
    this.#listed = segments.map(({ path }) => path);
    this.#from = segments.findLast(({ base }) => base <= sequence)?.base ?? 0;
    const newest = segments.at(-1);
    const info = newest && await this.#hold(newest);
    const isThere = segments.length > 0 || names.includes("cursor") || names.includes("lock");
    return {
      isThere,
      hasSegments: this.#held.size > 0,
      state: `${this.#listed.join()} ${info?.size} ${info?.modifiedMs}`,
    };
  }

  /** To be called when all that was found has been read: lets go of what is not the newest, and so may be removed. */
  release(): void {
    for (const [path, file] of this.#held) {
      if (path === this.#listed.at(-1)) continue;
      file.close();
      this.#held.delete(path);
    }
  }

  /** Lets go of everything. */
  close(): void {
    this.#listed = [];
    this.release();
  }

  async list(directory: string): Promise<string[]> {
    if (directory !== this.directory) return await this.files.list(directory);
    const names = new Set(await ifThere(() => this.files.list(directory)) ?? []);
    for (const path of this.#held.keys()) names.add(basename(path));
    const sorted = [...names].sort();
    const passed = segmentsAmong(sorted, directory).filter(({ base }) => base < this.#from).map(({ name }) => name);
    return sorted.filter((name) => !passed.includes(name));
  }

  async stat(path: string): Promise<FileInfo | undefined> {
    // What is held can be read though the whole directory is gone.
    if (path === this.directory) return { kind: "directory", size: 0, modifiedMs: 0, uid: undefined };
    return await this.files.stat(path);
  }

  async open(path: string): Promise<File> {
    const held = this.#held.get(path);
    return held === undefined ? await this.files.open(path, "read") : new SharedFile(held);
  }

  async #hold({ path }: SegmentFile): Promise<FileInfo | undefined> {
    const held = this.#held.get(path) ?? await ifThere(() => this.files.open(path, "read"));
    if (held !== undefined) this.#held.set(path, held);
    return await this.files.stat(path);
  }
}

/** A file that stays open when a reader closes it. */
class SharedFile implements File {
  readonly path: string;

  constructor(private readonly file: File) {
    this.path = file.path;
  }

  readAt(into: Uint8Array, position: number): Promise<number> {
    return this.file.readAt(into, position);
  }

  size(): Promise<number> {
    return this.file.size();
  }

  close(): void {}
}

/** Undefined if the file or directory is not there. */
async function ifThere<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (failedWith(error, "ENOENT")) return undefined;
    throw error;
  }
}
