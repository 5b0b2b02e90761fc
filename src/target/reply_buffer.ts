/** Joins the bytes that the consumer sends into whole replies. */
import type { BufferPool, PooledBuffer } from "../base/buffer.ts";
import { passOver } from "../framing/between.ts";
import type { Framer } from "../framing/framing.ts";

/** Capacity, in bytes, until a longer reply needs more. */
const REPLY_BYTES = 4096;

export class ReplyBuffer {
  #buffer: PooledBuffer;
  #start = 0;
  #fill = 0;
  #scanned = 0;
  #closed = false;

  constructor(private readonly framer: Framer, private readonly pool: BufferPool) {
    this.#buffer = pool.takeReserved(REPLY_BYTES, true)!;
  }

  /** Takes a copy. */
  add(bytes: Uint8Array): void {
    this.#assertOpen();
    const held = this.#fill - this.#start;
    const needed = held + bytes.length;
    const from = this.#buffer;
    if (needed > from.bytes.length) this.#buffer = this.pool.takeReserved(2 ** Math.ceil(Math.log2(needed)), true)!;
    this.#buffer.bytes.set(from.bytes.subarray(this.#start, this.#fill), 0);
    if (from !== this.#buffer) from.release();
    this.#buffer.bytes.set(bytes, held);
    this.#scanned -= this.#start;
    this.#start = 0;
    this.#fill = needed;
  }

  /** All whole replies; valid until the next call of `add` or `close`. Throws if the bytes cannot be a reply. */
  take(): { readonly bytes: Uint8Array; readonly frames: number } | undefined {
    this.#assertOpen();
    const { bytes } = this.#buffer;
    this.#start = passOver(this.framer.framing, bytes, this.#start, this.#fill);
    this.#scanned = Math.max(this.#scanned, this.#start);
    const scan = this.framer.scan(bytes, this.#start, this.#scanned, this.#fill);
    this.#scanned = this.#fill;
    if (scan.frames === 0) {
      if (scan.fault !== undefined) throw new Error(`the consumer's answer is no frame: ${scan.fault}`);
      return undefined;
    }
    const replies = { bytes: bytes.subarray(this.#start, scan.end), frames: scan.frames };
    this.#start = this.#scanned = scan.end;
    return replies;
  }

  /** Gives the memory back. The buffer must not be used after this. */
  close(): void {
    this.#assertOpen();
    this.#closed = true;
    this.#buffer.release();
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error("the replies of a connection are used after its end");
  }
}
