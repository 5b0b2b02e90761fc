/**
 * Files on Deno's own `FsFile`: node:fs there blocks the event loop in every
 * write and hides a short one.
 *
 * `FsFile` has a position and no vectored write. So the calls on one file take
 * turns, the position is kept here to save seeks, and small parts are gathered
 * in a staging buffer, since a call costs about 49 µs.
 */
import { SystemError } from "../../base/error.ts";
import type { WritableFile } from "../files.ts";
import { systemError } from "../system_error.ts";

const STAGING_BYTES = 2 << 20;
/**
 * From this size on a part is written from its own memory. A copy of less is
 * cheaper than a call of its own, whose end has to wait for the event loop's
 * next turn.
 */
const DIRECT_BYTES = STAGING_BYTES;
/** The position after a failed call. */
const UNKNOWN = -1;

/** Staging buffers of files that are not writing now. */
const idleStaging: Uint8Array[] = [];

export class DenoFile implements WritableFile {
  readonly path: string;
  readonly #file: Deno.FsFile;
  #position = 0;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(file: Deno.FsFile, path: string) {
    this.#file = file;
    this.path = path;
  }

  readAt(into: Uint8Array, position: number): Promise<number> {
    return this.#inTurn("read", async () => {
      this.#seek(position);
      let done = 0;
      while (done < into.length) {
        const count = await this.#file.read(done === 0 ? into : into.subarray(done));
        if (count === null) break;
        done += count;
      }
      this.#position = position + done;
      return done;
    });
  }

  writeAt(parts: readonly Uint8Array[], position: number): Promise<void> {
    return this.#inTurn("write", async () => {
      this.#seek(position);
      const written = parts.length === 1 ? await this.#writeAll(parts[0]) : await this.#writeParts(parts);
      this.#position = position + written;
    });
  }

  sync(): Promise<void> {
    return this.#inTurn("sync", () => this.#file.syncData(), false);
  }

  truncate(size: number): Promise<void> {
    return this.#inTurn("truncate", () => this.#file.truncate(size), false);
  }

  size(): Promise<number> {
    return this.#inTurn("stat", async () => (await this.#file.stat()).size, false);
  }

  tryLock(): Promise<boolean> {
    return this.#inTurn("lock", () => this.#file.tryLock(true), false);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#file.close();
  }

  /** Runs `action` after all earlier ones; `moves`: it leaves the position elsewhere. */
  #inTurn<T>(syscall: string, action: () => Promise<T>, moves = true): Promise<T> {
    const outcome = this.#last.then(async () => {
      if (this.#closed) throw new SystemError("EBADF", syscall, this.path);
      try {
        return await action();
      } catch (e) {
        if (moves) this.#position = UNKNOWN;
        throw systemError(e, syscall, this.path);
      }
    });
    this.#last = outcome.catch(() => {});
    return outcome;
  }

  #seek(position: number): void {
    // lseek(2) only sets a number, and no other call is under way: nothing to wait for.
    if (position !== this.#position) this.#file.seekSync(position, Deno.SeekMode.Start);
  }

  async #writeParts(parts: readonly Uint8Array[]): Promise<number> {
    const staging = idleStaging.pop() ?? new Uint8Array(STAGING_BYTES);
    let staged = 0;
    let written = 0;
    try {
      for (const part of parts) {
        if (staged > 0 && (part.length >= DIRECT_BYTES || staged + part.length > STAGING_BYTES)) {
          written += await this.#writeAll(staging.subarray(0, staged));
          staged = 0;
        }
        if (part.length >= DIRECT_BYTES) {
          written += await this.#writeAll(part);
        } else {
          staging.set(part, staged);
          staged += part.length;
        }
      }
      return written + await this.#writeAll(staging.subarray(0, staged));
    } finally {
      idleStaging.push(staging);
    }
  }

  async #writeAll(bytes: Uint8Array): Promise<number> {
    for (let done = 0; done < bytes.length;) {
      const count = await this.#file.write(done === 0 ? bytes : bytes.subarray(done));
      if (count === 0) throw new SystemError("EIO", "write", this.path);
      done += count;
    }
    return bytes.length;
  }
}
