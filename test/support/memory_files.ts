/**
 * A file system in memory that answers to the contract of src/runtime/files.ts,
 * with faults on demand: the n-th operation can fail, a write can be short, the
 * whole can crash at any operation, and a power loss drops or garbles what was
 * not synced.
 */
import { SystemError } from "../../src/base/error.ts";
import type { FileInfo, FileSystem, OpenMode, WritableFile } from "../../src/runtime/files.ts";
import { fillWithGarbage, Inode, type Random } from "./memory_inode.ts";
import { DIRECTORY, Names, parentOf } from "./memory_names.ts";

export type Operation =
  | "open"
  | "read"
  | "write"
  | "sync"
  | "truncate"
  | "lock"
  | "list"
  | "stat"
  | "makeDirectory"
  | "rename"
  | "unlink"
  | "syncDirectory"
  | "freeBytes";

/** What a fault does to the operation that it hits. */
export interface Fault {
  readonly code: string;
  /** For a write: how many bytes are written before it fails. */
  readonly written?: number;
}

/** Asked before each operation; a fault makes it fail. `bytes` is what a write would write. */
export type FaultPlan = (operation: Operation, path: string, count: number, bytes: number) => Fault | undefined;

export class MemoryFiles implements FileSystem {
  #names = new Names();
  /** Operations so far, as `write /j/cursor`. */
  readonly log: string[] = [];
  plan: FaultPlan = () => undefined;
  /** Waited for before an operation: a disk that is slow, or does not answer. */
  pace: (operation: Operation, path: string) => Promise<void> | undefined = () => undefined;
  /** Answer of `freeBytes`; also the limit of the file system while it is finite and `enforceSpace`. */
  free = Number.POSITIVE_INFINITY;
  enforceSpace = false;
  /** What `stat` says of every file. */
  modifiedMs = 0;
  #crashed = false;

  /** Every operation from now on fails: the process is dead, only what it has written is left. */
  crash(): void {
    this.#crashed = true;
  }

  get crashed(): boolean {
    return this.#crashed;
  }

  /** What a new process finds after `kill -9`: everything that was written. A power loss may still take it. */
  afterCrash(): MemoryFiles {
    const copies = new Map<Inode, Inode>();
    return this.#successor(this.#names.clone((inode) => {
      const copy = copies.get(inode) ?? inode.clone();
      copies.set(inode, copy);
      return copy;
    }));
  }

  /**
   * What a new process finds after a power loss: what was synced. Without
   * `random` nothing of the rest; with it, as `memory_inode.ts` and
   * `memory_names.ts` say, anything may be there or be garbage.
   */
  afterPowerLoss(random?: Random): MemoryFiles {
    const files = [...this.#names.files()].map(([, inode]) => inode.bytes);
    const garbage = (into: Uint8Array) => fillWithGarbage(into, files, random!);
    const found = [...this.#names.survivors(random)].map(([path, entry]) =>
      [path, entry === DIRECTORY ? entry : Inode.durable(entry.survivors(random, garbage))] as const
    );
    return this.#successor(new Names(found));
  }

  open(path: string, mode: OpenMode): Promise<WritableFile> {
    return this.#do("open", path, () => {
      let inode = this.#names.file(path);
      if (inode === undefined && (mode === "read" || mode === "update")) throw new SystemError("ENOENT", "open", path);
      if (inode !== undefined && mode === "create") throw new SystemError("EEXIST", "open", path);
      if (inode === undefined) {
        if (!this.#names.isDirectory(parentOf(path))) throw new SystemError("ENOENT", "open", path);
        this.#names.change([path, inode = new Inode()]);
      }
      return new MemoryFile(this, path, inode, mode === "read");
    });
  }

  list(directory: string): Promise<string[]> {
    return this.#do("list", directory, () => {
      if (!this.#names.isDirectory(directory)) throw new SystemError("ENOENT", "list", directory);
      return this.#names.in(directory).map((path) => path.slice(path.lastIndexOf("/") + 1)).sort();
    });
  }

  stat(path: string): Promise<FileInfo | undefined> {
    return this.#do("stat", path, () => {
      const entry = this.#names.get(path);
      if (entry === undefined) return undefined;
      const isFile = entry !== DIRECTORY;
      return {
        kind: isFile ? "file" : "directory",
        size: isFile ? entry.size : 0,
        modifiedMs: this.modifiedMs,
        uid: 0,
      };
    });
  }

  makeDirectory(path: string): Promise<void> {
    return this.#do("makeDirectory", path, () => {
      const missing: string[] = [];
      for (let at = path; this.#names.get(at) === undefined; at = parentOf(at)) missing.unshift(at);
      for (const directory of missing) this.#names.change([directory, DIRECTORY]);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#do("rename", from, () => {
      const inode = this.#names.file(from);
      if (inode === undefined) throw new SystemError("ENOENT", "rename", from);
      this.#names.change([from, undefined], [to, inode]);
    });
  }

  unlink(path: string): Promise<void> {
    return this.#do("unlink", path, () => {
      if (this.#names.file(path) === undefined) throw new SystemError("ENOENT", "unlink", path);
      this.#names.change([path, undefined]);
    });
  }

  syncDirectory(path: string): Promise<void> {
    return this.#do("syncDirectory", path, () => {
      if (!this.#names.isDirectory(path)) throw new SystemError("ENOENT", "sync", path);
      this.#names.sync(path);
    });
  }

  freeBytes(path: string): Promise<number> {
    return this.#do("freeBytes", path, () => this.free - (this.enforceSpace ? this.#usedBytes() : 0));
  }

  /** The file's bytes, for tests that look at or damage them. */
  bytesOf(path: string): Uint8Array {
    const inode = this.#names.file(path);
    if (inode === undefined) throw new Error(`no file ${path}`);
    return inode.bytes;
  }

  /** Puts a file in place, its directories too, all of it on disk. */
  put(path: string, bytes: Uint8Array): void {
    for (let at = parentOf(path); at !== "/"; at = parentOf(at)) this.#names.changeForGood(at, DIRECTORY);
    this.#names.changeForGood(path, Inode.durable(bytes));
  }

  /** Paths of all files. */
  paths(): string[] {
    return [...this.#names.files()].map(([path]) => path).sort();
  }

  /** Removes a file, as another process would. */
  remove(path: string): void {
    this.#names.changeForGood(path, undefined);
  }

  /** For {@link MemoryFile}. */
  operate<T>(
    operation: Operation,
    path: string,
    action: () => T,
    bytes: number,
    fails?: (fault: Fault) => void,
  ): Promise<T> {
    return this.#do(operation, path, action, bytes, fails);
  }

  /** What the kernel does when the process that had them has died. */
  releaseLocks(): void {
    for (const [, inode] of this.#names.files()) inode.lockedBy = undefined;
  }

  /** Bytes that still fit, for {@link MemoryFile}. */
  get spaceLeft(): number {
    return this.enforceSpace ? Math.max(0, this.free - this.#usedBytes()) : Number.POSITIVE_INFINITY;
  }

  async #do<T>(
    operation: Operation,
    path: string,
    action: () => T,
    bytes = 0,
    fails?: (fault: Fault) => void,
  ): Promise<T> {
    // Real files never answer in the same turn.
    await (this.pace(operation, path) ?? Promise.resolve());
    if (this.#crashed) throw new SystemError("ECRASHED", operation, path);
    this.log.push(`${operation} ${path}`);
    const fault = this.plan(operation, path, this.log.length, bytes);
    if (fault !== undefined) {
      fails?.(fault);
      throw new SystemError(fault.code, operation, path);
    }
    return action();
  }

  #usedBytes(): number {
    let sum = 0;
    for (const [, inode] of this.#names.files()) sum += inode.size;
    return sum;
  }

  #successor(names: Names): MemoryFiles {
    const next = new MemoryFiles();
    next.#names = names;
    next.free = this.free;
    next.modifiedMs = this.modifiedMs;
    next.enforceSpace = this.enforceSpace;
    return next;
  }
}

class MemoryFile implements WritableFile {
  #closed = false;

  constructor(
    private readonly files: MemoryFiles,
    readonly path: string,
    private readonly inode: Inode,
    private readonly readOnly: boolean,
  ) {}

  readAt(into: Uint8Array, position: number): Promise<number> {
    return this.#do("read", () => {
      const length = Math.max(0, Math.min(into.length, this.inode.size - position));
      into.set(this.inode.bytes.subarray(position, position + length));
      return length;
    });
  }

  writeAt(parts: readonly Uint8Array[], position: number): Promise<void> {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    return this.#do(
      "write",
      () => {
        if (this.readOnly) throw new SystemError("EBADF", "write", this.path);
        const all = joined(parts, length);
        const growth = Math.max(0, position + length - this.inode.size);
        const short = growth - this.files.spaceLeft;
        this.inode.write(short > 0 ? all.subarray(0, length - short) : all, position);
        if (short > 0) throw new SystemError("ENOSPC", "write", this.path);
      },
      length,
      (fault) => this.inode.write(joined(parts, length).subarray(0, fault.written ?? 0), position),
    );
  }

  sync(): Promise<void> {
    // A kill in the middle of it makes the kernel forget nothing.
    return this.#do("sync", () => this.inode.sync(), 0, () => this.files.crashed || this.inode.failSync());
  }

  truncate(size: number): Promise<void> {
    return this.#do("truncate", () => this.inode.truncate(size));
  }

  size(): Promise<number> {
    return this.#do("stat", () => this.inode.size);
  }

  tryLock(): Promise<boolean> {
    return this.#do("lock", () => {
      this.inode.lockedBy ??= this;
      return this.inode.lockedBy === this;
    });
  }

  close(): void {
    this.#closed = true;
    if (this.inode.lockedBy === this) this.inode.lockedBy = undefined;
  }

  #do<T>(operation: Operation, action: () => T, bytes = 0, fails?: (fault: Fault) => void): Promise<T> {
    if (this.#closed) return Promise.reject(new SystemError("EBADF", operation, this.path));
    return this.files.operate(operation, this.path, action, bytes, fails);
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
