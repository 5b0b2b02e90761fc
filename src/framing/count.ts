/**
 * Counts a byte value in a region, 16 bytes at a time, so that the cost of
 * short lines is the cost of their bytes.
 *
 * JavaScript has no vector instructions; WebAssembly has. The bytes are copied
 * to its memory in pieces that stay in the processor's first cache: with the
 * copy, 26 to 30 GB/s here on both runtimes, where the best loop in JavaScript
 * reached 4 to 6, and one `indexOf` a line less.
 */

/** count.wat, assembled. */
const MODULE = "AGFzbQEAAAABBwFgAn9/AX8DAgEABQMBAAEHEgIGbWVtb3J5AgAFY291bnQAAAqLAQGIAQICfwN7IAH9DyEEAkADQCACIABPDQEg" +
  "AkHwH2ohAyADIABLBEAgACEDC/0MAAAAAAAAAAAAAAAAAAAAACEFA0AgBSAC/QAEACAE/SP9cSEFIAJBEGohAiACIANJDQALIAYgBf19/X/9rgEh" +
  "BgwACwsgBv0bACAG/RsBaiAG/RsCIAb9GwNqags=";

/** Below this many bytes the call costs more than it saves. */
const VECTOR_MIN_BYTES = 64;

/** How many bytes are copied and counted at once; a multiple of the 16 bytes of a vector. */
const PIECE_BYTES = 16 * 1024;

const vectors = instantiate();

/** How many of `bytes[from, until)` are `byte`. Looks at no byte outside. */
export function countByte(bytes: Uint8Array, from: number, until: number, byte: number): number {
  if (vectors === undefined || until - from < VECTOR_MIN_BYTES) return countBytewise(bytes, from, until, byte);
  const { piece, countVectors } = vectors;
  const whole = until - (until - from) % 16;
  let count = 0;
  for (let at = from; at < whole; at += PIECE_BYTES) {
    const end = Math.min(whole, at + PIECE_BYTES);
    piece.set(bytes.subarray(at, end));
    count += countVectors(end - at, byte);
  }
  return count + countBytewise(bytes, whole, until, byte);
}

function countBytewise(bytes: Uint8Array, from: number, until: number, byte: number): number {
  let count = 0;
  for (let i = from; i < until; i++) if (bytes[i] === byte) count++;
  return count;
}

/** Undefined where there are no vector instructions: Bun has none of WebAssembly's on a processor without AVX. */
function instantiate() {
  const code = Uint8Array.from(atob(MODULE), (character) => character.charCodeAt(0));
  if (!WebAssembly.validate(code)) return undefined;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code));
  return {
    piece: new Uint8Array((exports.memory as WebAssembly.Memory).buffer, 0, PIECE_BYTES),
    countVectors: exports.count as (length: number, byte: number) => number,
  };
}
