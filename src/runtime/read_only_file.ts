/** What all files have in common that are only read, whatever they are made of. */
import { SystemError } from "../base/error.ts";
import type { WritableFile } from "./files.ts";

export abstract class ReadOnlyFile implements WritableFile {
  abstract readonly path: string;
  abstract readAt(into: Uint8Array, position: number): Promise<number>;
  abstract size(): Promise<number>;
  abstract close(): void;

  writeAt(): Promise<void> {
    return this.#refuse("write");
  }

  sync(): Promise<void> {
    return this.#refuse("sync");
  }

  truncate(): Promise<void> {
    return this.#refuse("truncate");
  }

  tryLock(): Promise<boolean> {
    return this.#refuse("lock");
  }

  #refuse(syscall: string): Promise<never> {
    return Promise.reject(new SystemError("EROFS", syscall, this.path));
  }
}
