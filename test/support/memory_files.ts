/**
 * A file system in memory that answers to the contract of src/runtime/files.ts,
 * with faults on demand: the n-th operation can fail, a write can be short, the
 * whole can crash at any operation, and a power loss drops what was not synced.
 */
import { SystemError } from "../../src/base/error.ts";
import type { File, FileInfo, FileSystem, OpenMode } from "../../src/runtime/files.ts";

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
  /** For a write: so many bytes get through before it fails. */
  readonly written?: number;
}

/** Asked before each operation; a fault makes it fail. `bytes` is what a write would write. */
export type FaultPlan = (operation: Operation, path: string, count: number, bytes: number) => Fault | undefined;

interface Inode {
  bytes: Uint8Array;
  size: number;
  /** What a power loss leaves; undefined if it was never synced. */
  durable: Uint8Array | undefined;
  locked: MemoryFile | undefined;
}

export class MemoryFiles implements FileSystem {
  #names = new Map<string, Inode>();
  /** Directory entries that survive a power loss. */
  #durableNames = new Map<string, Inode>();
  readonly #directories = new Set<string>(["/"]);
  /** Operations so far, as `write /j/cursor`. */
  readonly log: string[] = [];
  plan: FaultPlan = () => undefined;
  /** Answer of `freeBytes`; also the limit of the file system while it is finite and `enforceSpace`. */
  free = Number.POSITIVE_INFINITY;
  enforceSpace = false;
  #crashed = false;

  /** Every operation from now on fails: the process is dead, only what it has written is left. */
  crash(): void {
    this.#crashed = true;
  }

  get crashed(): boolean {
    return this.#crashed;
  }

  /** What a new process finds after `kill -9`: everything that was written. */
  afterCrash(): MemoryFiles {
    return this.#copy(this.#names, (inode) => inode.bytes.slice(0, inode.size));
  }

  /** What a new process finds after a power loss: what was synced, and nothing of the rest. */
  afterPowerLoss(): MemoryFiles {
    return this.#copy(this.#durableNames, (inode) => inode.durable ?? new Uint8Array(0));
  }

  open(path: string, mode: OpenMode): Promise<File> {
    return this.#do("open", path, () => {
      let inode = this.#names.get(path);
      if (inode === undefined && (mode === "read" || mode === "update")) throw new SystemError("ENOENT", "open", path);
      if (inode !== undefined && mode === "create") throw new SystemError("EEXIST", "open", path);
      if (inode === undefined) {
        if (!this.#directories.has(parentOf(path))) throw new SystemError("ENOENT", "open", path);
        inode = { bytes: new Uint8Array(0), size: 0, durable: undefined, locked: undefined };
        this.#names.set(path, inode);
      }
      return new MemoryFile(this, path, inode, mode === "read");
    });
  }

  list(directory: string): Promise<string[]> {
    return this.#do("list", directory, () => {
      if (!this.#directories.has(directory)) throw new SystemError("ENOENT", "list", directory);
      return [...this.#names.keys(), ...this.#directories].filter((path) =>
        path !== "/" && parentOf(path) === directory
      )
        .map((path) => path.slice(path.lastIndexOf("/") + 1)).sort();
    });
  }

  stat(path: string): Promise<FileInfo | undefined> {
    return this.#do("stat", path, () => {
      const inode = this.#names.get(path);
      if (inode === undefined && !this.#directories.has(path)) return undefined;
      return {
        kind: inode === undefined ? "directory" : "file",
        size: inode?.size ?? 0,
        modifiedMs: 0,
        uid: 0,
      };
    });
  }

  makeDirectory(path: string): Promise<void> {
    return this.#do("makeDirectory", path, () => {
      for (let at = path; at !== "/"; at = parentOf(at)) this.#directories.add(at);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#do("rename", from, () => {
      const inode = this.#names.get(from);
      if (inode === undefined) throw new SystemError("ENOENT", "rename", from);
      this.#names.delete(from);
      this.#names.set(to, inode);
    });
  }

  unlink(path: string): Promise<void> {
    return this.#do("unlink", path, () => {
      if (!this.#names.delete(path)) throw new SystemError("ENOENT", "unlink", path);
    });
  }

  syncDirectory(path: string): Promise<void> {
    return this.#do("syncDirectory", path, () => {
      for (const name of this.#durableNames.keys()) if (parentOf(name) === path) this.#durableNames.delete(name);
      for (const [name, inode] of this.#names) if (parentOf(name) === path) this.#durableNames.set(name, inode);
    });
  }

  freeBytes(path: string): Promise<number> {
    return this.#do("freeBytes", path, () => this.free - (this.enforceSpace ? this.#usedBytes() : 0));
  }

  /** The file's bytes, for tests that look at or damage them. */
  bytesOf(path: string): Uint8Array {
    const inode = this.#names.get(path);
    if (inode === undefined) throw new Error(`no file ${path}`);
    return inode.bytes.subarray(0, inode.size);
  }

  /** Puts a file in place, its directories too. */
  put(path: string, bytes: Uint8Array): void {
    for (let at = parentOf(path); at !== "/"; at = parentOf(at)) this.#directories.add(at);
    const copy = bytes.slice();
    const inode = { bytes: copy, size: copy.length, durable: copy.slice(), locked: undefined };
    this.#names.set(path, inode);
    this.#durableNames.set(path, inode);
  }

  /** Paths of all files. */
  paths(): string[] {
    return [...this.#names.keys()].sort();
  }

  /** Takes a file away, as somebody else would. */
  remove(path: string): void {
    this.#names.delete(path);
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
    for (const inode of this.#names.values()) inode.locked = undefined;
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
    await Promise.resolve();
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
    for (const inode of this.#names.values()) sum += inode.size;
    return sum;
  }

  #copy(names: ReadonlyMap<string, Inode>, bytesOf: (inode: Inode) => Uint8Array): MemoryFiles {
    const copy = new MemoryFiles();
    for (const directory of this.#directories) copy.#directories.add(directory);
    for (const [name, inode] of names) copy.put(name, bytesOf(inode));
    copy.free = this.free;
    copy.enforceSpace = this.enforceSpace;
    return copy;
  }
}

class MemoryFile implements File {
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
        this.#put(short > 0 ? all.subarray(0, length - short) : all, position);
        if (short > 0) throw new SystemError("ENOSPC", "write", this.path);
      },
      length,
      (fault) => this.#put(joined(parts, length).subarray(0, fault.written ?? 0), position),
    );
  }

  sync(): Promise<void> {
    return this.#do("sync", () => {
      this.inode.durable = this.inode.bytes.slice(0, this.inode.size);
    });
  }

  truncate(size: number): Promise<void> {
    return this.#do("truncate", () => {
      const bytes = new Uint8Array(size);
      bytes.set(this.inode.bytes.subarray(0, Math.min(size, this.inode.size)));
      this.inode.bytes = bytes;
      this.inode.size = size;
    });
  }

  size(): Promise<number> {
    return this.#do("stat", () => this.inode.size);
  }

  tryLock(): Promise<boolean> {
    return this.#do("lock", () => {
      this.inode.locked ??= this;
      return this.inode.locked === this;
    });
  }

  close(): void {
    this.#closed = true;
    if (this.inode.locked === this) this.inode.locked = undefined;
  }

  #do<T>(operation: Operation, action: () => T, bytes = 0, fails?: (fault: Fault) => void): Promise<T> {
    if (this.#closed) return Promise.reject(new SystemError("EBADF", operation, this.path));
    return this.files.operate(operation, this.path, action, bytes, fails);
  }

  #put(bytes: Uint8Array, position: number): void {
    if (bytes.length === 0) return;
    const size = Math.max(this.inode.size, position + bytes.length);
    if (size > this.inode.bytes.length) {
      const grown = new Uint8Array(Math.max(size, this.inode.bytes.length * 2));
      grown.set(this.inode.bytes.subarray(0, this.inode.size));
      this.inode.bytes = grown;
    }
    this.inode.bytes.set(bytes, position);
    this.inode.size = size;
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

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
