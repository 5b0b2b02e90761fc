/**
 * Files read with calls that block, for threads that have nothing else to do:
 * the bytes then are in the cache of the core that works on them, unlike after
 * a call that another thread has made.
 */
import * as fs from "node:fs";
import { SystemError } from "../base/error.ts";
import type { File, FileOpener } from "./files.ts";
import { systemError } from "./system_error.ts";

export const blockingFiles: FileOpener = {
  open(path) {
    try {
      return Promise.resolve(new BlockingFile(fs.openSync(path, "r"), path));
    } catch (error) {
      return Promise.reject(systemError(error, "open", path));
    }
  },
};

class BlockingFile implements File {
  #closed = false;

  constructor(private readonly descriptor: number, readonly path: string) {}

  readAt(into: Uint8Array, position: number): Promise<number> {
    return this.#call("read", () => {
      let done = 0;
      while (done < into.length) {
        const count = fs.readSync(this.descriptor, into, done, into.length - done, position + done);
        if (count === 0) break;
        done += count;
      }
      return done;
    });
  }

  size(): Promise<number> {
    return this.#call("stat", () => fs.fstatSync(this.descriptor).size);
  }

  close(): void {
    if (!this.#closed) fs.closeSync(this.descriptor);
    this.#closed = true;
  }

  #call<T>(syscall: string, action: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(new SystemError("EBADF", syscall, this.path));
    try {
      return Promise.resolve(action());
    } catch (error) {
      return Promise.reject(systemError(error, syscall, this.path));
    }
  }
}
