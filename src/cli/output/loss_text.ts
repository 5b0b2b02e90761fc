/** Frames of a journal that could not be read, as `cat` and `replay` report them. */
import { byteRange, counted, frameRange } from "../../base/range_text.ts";
import type { ArchiveItem } from "../../journal/archive.ts";

/** Where frames are missing, damaged or removed; one line without its newline. */
export function describeLoss(loss: Exclude<ArchiveItem, { kind: "frames" }>): string {
  if (loss.kind === "removed") {
    return `${loss.segment}: ${frameRange(loss.from, loss.until)}: delivered and removed by the daemon meanwhile`;
  }
  if (loss.kind === "missing") {
    return `${loss.segment}: ${frameRange(loss.from, loss.until)} missing before it`;
  }
  const frames = loss.lost === undefined ? "" : ` with ${frameRange(loss.lost.from, loss.lost.until)}`;
  // What is cut off of a compressed segment has no bytes in the file.
  if (loss.bytes === 0) return `${loss.segment}: ${byteRange(loss.offset, 0)}${frames}`;
  return `${loss.segment}: damaged at byte ${loss.offset}, ${counted(loss.bytes, "byte")} skipped${frames}`;
}
