/** Files on node:fs with positions, which blocks nothing on Bun and reports short writes. */
import * as fs from "node:fs";
import { SystemError } from "../../base/error.ts";
import type { WritableFile } from "../files.ts";
import { systemError } from "../system_error.ts";
import { tryFlock } from "./libc.ts";

type Callback<T> = (error: Error | null, value?: T) => void;

export class BunFile implements WritableFile {
  readonly path: string;
  readonly #descriptor: number;
  /** Calls under way: until they end, the number must not become another file's. */
  #calls = 0;
  #closed = false;

  constructor(descriptor: number, path: string) {
    this.#descriptor = descriptor;
    this.path = path;
  }

  async readAt(into: Uint8Array, position: number): Promise<number> {
    let done = 0;
    while (done < into.length) {
      const from = done;
      const count = await this.#call<number>("read", (fd, then) => {
        fs.read(fd, into, from, into.length - from, position + from, then);
      });
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  async writeAt(parts: readonly Uint8Array[], position: number): Promise<void> {
    let left = parts.filter((part) => part.length > 0);
    while (left.length > 0) {
      const at = position;
      const rest = left;
      const count = await this.#call<number>("write", (fd, then) => fs.writev(fd, rest, at, then));
      if (count === 0) throw new SystemError("EIO", "write", this.path);
      position += count;
      left = dropFront(left, count);
    }
  }

  async sync(): Promise<void> {
    await this.#call("sync", (fd, then) => fs.fdatasync(fd, then));
  }

  async truncate(size: number): Promise<void> {
    await this.#call("truncate", (fd, then) => fs.ftruncate(fd, size, then));
  }

  async size(): Promise<number> {
    return (await this.#call<fs.Stats>("stat", (fd, then) => fs.fstat(fd, then))).size;
  }

  tryLock(): Promise<boolean> {
    if (this.#closed) return Promise.reject(new SystemError("EBADF", "lock", this.path));
    const taken = tryFlock(this.#descriptor);
    if (taken === undefined) return Promise.reject(new SystemError("ENOSYS", "lock", this.path));
    return Promise.resolve(taken);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#calls === 0) fs.closeSync(this.#descriptor);
  }

  #call<T>(syscall: string, start: (descriptor: number, then: Callback<T>) => void): Promise<T> {
    if (this.#closed) return Promise.reject(new SystemError("EBADF", syscall, this.path));
    this.#calls++;
    return new Promise((resolve, reject) => {
      start(this.#descriptor, (error, value) => {
        if (--this.#calls === 0 && this.#closed) fs.closeSync(this.#descriptor);
        if (error) reject(systemError(error, syscall, this.path));
        else resolve(value as T);
      });
    });
  }
}

/** The parts without their first `count` bytes, which a short write took. */
export function dropFront(parts: readonly Uint8Array[], count: number): Uint8Array[] {
  let whole = 0;
  while (whole < parts.length && count >= parts[whole].length) count -= parts[whole++].length;
  const left = parts.slice(whole);
  if (count > 0) left[0] = left[0].subarray(count);
  return left;
}
