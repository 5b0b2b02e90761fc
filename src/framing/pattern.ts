/**
 * Finds a byte string of 1 to 16 bytes, looking for its last byte four bytes at
 * a time. No call per occurrence of that byte, no copy, no view of the region:
 * a region is never left, although the buffer goes on after it.
 */

/** Prepared once, used for every search; remembers nothing of what it searched. */
export class Pattern {
  readonly length: number;
  readonly #bytes: Uint8Array;
  readonly #lastByte: number;
  readonly #lastByteLanes: number;

  constructor(bytes: Uint8Array) {
    this.length = bytes.length;
    this.#bytes = bytes;
    this.#lastByte = bytes[bytes.length - 1];
    this.#lastByteLanes = Math.imul(this.#lastByte, 0x01010101);
  }

  /**
   * Offset of the first occurrence that lies wholly in `bytes[from, until)`,
   * or -1. `words` is {@link wordsOf} of the same bytes.
   */
  find(bytes: Uint8Array, words: Uint32Array, from: number, until: number): number {
    const shift = bytes.byteOffset;
    const lastWord = (shift + until) >>> 2;
    for (let at = from + this.length - 1; at < until;) {
      let word = (shift + at) >>> 2;
      if (((shift + at) & 3) === 0) {
        while (word < lastWord && !hasZeroLane(words[word] ^ this.#lastByteLanes)) word++;
        at = (word << 2) - shift;
      }
      const wordEnd = Math.min(until, ((word + 1) << 2) - shift);
      for (; at < wordEnd; at++) {
        if (bytes[at] === this.#lastByte && this.#endsAt(bytes, at)) return at - this.length + 1;
      }
    }
    return -1;
  }

  #endsAt(bytes: Uint8Array, last: number): boolean {
    for (let i = this.length - 2, at = last - 1; i >= 0; i--, at--) if (bytes[at] !== this.#bytes[i]) return false;
    return true;
  }
}

/** The whole memory under `bytes`, as words; index with `(bytes.byteOffset + offset) >>> 2`. */
export function wordsOf(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.buffer, 0, bytes.buffer.byteLength >>> 2);
}

/** True if a byte of `x` is zero; never wrong about the word, though it may blame a lane above the zero one. */
function hasZeroLane(x: number): boolean {
  return ((x - 0x01010101) & ~x & 0x80808080) !== 0;
}
