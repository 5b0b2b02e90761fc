/**
 * Text to standard output and standard error, on top of a runtime's way to
 * hand some bytes to a descriptor without blocking the event loop.
 *
 * The two differ in what may get lost. A command's output is the result: its
 * writer waits. A log must never hold up the relay: it is dropped and counted
 * when nothing reads it.
 */
import { Condition } from "../base/condition.ts";
import { Deque } from "../base/deque.ts";
import { STANDARD_OUTPUT } from "../base/error.ts";
import { errnoName, systemError } from "./system_error.ts";

export interface Stdout {
  /**
   * Resolves once the system has taken it all; rejects with a `SystemError`
   * (EPIPE if the reader has closed it). What is written comes out in the order of
   * the calls. The caller leaves bytes alone until then.
   */
  write(output: string | Uint8Array): Promise<void>;
}

export interface Stderr {
  /**
   * Never blocks and never throws, whatever is at the other end. At most
   * 1 MiB waits; of what comes on top of that, the number of texts lost is
   * printed in their place. A closed pipe swallows everything.
   */
  write(text: string): void;
  /** Resolves once nothing waits; never, while a pipe is full and not read. */
  flush(): Promise<void>;
}

/** Writes some bytes, at least 1; resolves with how many. EAGAIN is allowed (a pipe that its other users made non-blocking). */
export type WriteSome = (bytes: Uint8Array) => Promise<number>;

/** How long until a full non-blocking pipe is tried again. */
const AGAIN_MS = 10;

const encoder = new TextEncoder();

async function writeAll(write: WriteSome, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    try {
      done += await write(bytes.subarray(done));
    } catch (e) {
      if (errnoName(e) !== "EAGAIN") throw e;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

export class OrderedStdout implements Stdout {
  readonly #write: WriteSome;
  #last: Promise<void> = Promise.resolve();

  constructor(write: WriteSome) {
    this.#write = write;
  }

  write(output: string | Uint8Array): Promise<void> {
    const bytes = typeof output === "string" ? encoder.encode(output) : output;
    const done = this.#last.then(() => writeAll(this.#write, bytes)).catch((e) => {
      throw systemError(e, "write", STANDARD_OUTPUT);
    });
    this.#last = done.catch(() => {});
    return done;
  }
}

/** Bytes that may wait for standard error. */
export const STDERR_BYTES_MAX = 1 << 20;

export class QueuedStderr implements Stderr {
  readonly #write: WriteSome;
  readonly #waiting = new Deque<Uint8Array>();
  readonly #emptied = new Condition();
  #bytes = 0;
  #lost = 0;
  #writing = false;
  #broken = false;

  constructor(write: WriteSome) {
    this.#write = write;
  }

  write(text: string): void {
    if (this.#broken) return;
    const bytes = encoder.encode(text);
    if (this.#bytes + bytes.length > STDERR_BYTES_MAX) {
      this.#lost++;
      return;
    }
    if (this.#lost > 0) this.#noteLoss();
    this.#push(bytes);
    if (!this.#writing) this.#drain();
  }

  async flush(): Promise<void> {
    while (this.#writing) await this.#emptied.wait();
  }

  #push(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
  }

  #noteLoss(): void {
    this.#push(encoder.encode(`(${this.#lost} messages lost here: standard error was not read)\n`));
    this.#lost = 0;
  }

  async #drain(): Promise<void> {
    this.#writing = true;
    try {
      for (let bytes = this.#waiting.first(); bytes !== undefined; bytes = this.#waiting.first()) {
        await writeAll(this.#write, bytes);
        this.#waiting.shift();
        this.#bytes -= bytes.length;
        if (this.#waiting.length === 0 && this.#lost > 0) this.#noteLoss();
      }
    } catch { // there is nothing left to report it on
      this.#broken = true;
      this.#waiting.clear();
    }
    this.#writing = false;
    this.#emptied.notify();
  }
}
