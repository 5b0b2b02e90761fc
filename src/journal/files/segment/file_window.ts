/** A buffer that slides forward over a file, so that a walk over many small records costs few reads. */
import type { File } from "../../../runtime/files.ts";
import { readTolerant } from "./tolerant_read.ts";

const NOTHING = new Uint8Array(0);

export class FileWindow {
  #bytes = new Uint8Array(0);
  #start = 0;
  #length = 0;

  /** Reads `windowBytes` at a time, or more if more is needed. */
  constructor(private readonly file: File, private readonly windowBytes: number) {}

  /** The bytes held from `offset` on, if these are at least `length`; valid until the next `load`. */
  peek(offset: number, length: number): Uint8Array | undefined {
    const at = offset - this.#start;
    return at >= 0 && at + length <= this.#length ? this.#bytes.subarray(at, this.#length) : undefined;
  }

  /**
   * The bytes from `offset` on, at least `length`, fewer at the end of the file;
   * valid until the next `load`. Reads no further than `limit`.
   */
  async load(offset: number, length: number, limit: number): Promise<Uint8Array> {
    const wanted = Math.min(limit - offset, Math.max(length, this.windowBytes));
    // Most of a large payload may be held already: moving it costs less than reading it again.
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
