/** Sizes as people write and read them. */
import { parseQuantity, type QuantityKind } from "./quantity.ts";

const SIZE: QuantityKind = {
  name: "a size",
  example: "16MiB",
  units: { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 },
  smallest: "bytes",
};

/**
 * Bytes of a size such as `16MiB`, `1.5GiB`, `0B`; KB is 1000 bytes, KiB 1024.
 * The unit is always written, without a space, in this spelling. Throws a
 * `SpillwayError` for anything else, for a size that is no whole number of
 * bytes, and above 2^53 bytes.
 */
export function parseSize(text: string): number {
  return parseQuantity(text, SIZE);
}

const SHOWN = ["KiB", "MiB", "GiB", "TiB", "PiB"];

/** `512B`, `1.5KiB`, `16MiB`, `2.3TiB`: rounded to one decimal, for people; not meant to be parsed. */
export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)}B`;
  let shown = bytes / 1024;
  let unit = 0;
  // 1023.95 would be rounded to 1024.
  while (shown >= 1023.95 && unit < SHOWN.length - 1) {
    shown /= 1024;
    unit++;
  }
  return `${Math.round(shown * 10) / 10}${SHOWN[unit]}`;
}
