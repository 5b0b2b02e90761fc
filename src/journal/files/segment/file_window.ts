/** A window on a file that moves forward, so that a walk over many small records costs few reads. */
import type { File } from "../../../runtime/files.ts";
import { readTolerant } from "./tolerant_read.ts";

const NOTHING = new Uint8Array(0);

export class FileWindow {
  #bytes = new Uint8Array(0);
  #start = 0;
  #length = 0;

  /** Reads `chunkBytes` at a time, more where more is asked for. */
  constructor(private readonly file: File, private readonly chunkBytes: number) {}

  /** What is here from `offset` on, if that is at least `length` bytes; valid until the next `load`. */
  peek(offset: number, length: number): Uint8Array | undefined {
    const at = offset - this.#start;
    return at >= 0 && at + length <= this.#length ? this.#bytes.subarray(at, this.#length) : undefined;
  }

  /**
   * The bytes from `offset` on, at least `length`, fewer at the end of the file;
   * valid until the next `load`. Reads up to `limit` where that costs no further call.
   */
  async load(offset: number, length: number, limit: number): Promise<Uint8Array> {
    const wanted = Math.min(limit - offset, Math.max(length, this.chunkBytes));
    // Of a large payload most may be here already: to move it costs less than to read it again.
    const held = offset >= this.#start && offset < this.#start + this.#length
      ? this.#bytes.subarray(offset - this.#start, Math.min(this.#length, offset - this.#start + wanted))
      : NOTHING;
    if (wanted > this.#bytes.length) this.#bytes = new Uint8Array(wanted);
    this.#bytes.set(held);
    this.#start = offset;
    this.#length = 0;
    const rest = this.#bytes.subarray(held.length, wanted);
    this.#length = held.length + await readTolerant(this.file, rest, offset + held.length);
    return this.#bytes.subarray(0, this.#length);
  }
}
