/** Counts and ranges as messages show them: `1 frame`, `frames 4 to 6`. */

/** `1 frame`, `2 frames`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** `frame 4`, `frames 4 to 6`: the frames of [from, until), which is not empty. */
export function frameRange(from: number, until: number): string {
  return until - from === 1 ? `frame ${from}` : `frames ${from} to ${until - 1}`;
}

/** `bytes 4 to 6`: the bytes of [offset, offset + bytes). If `bytes` is 0, that a file ends at `offset` too early. */
export function byteRange(offset: number, bytes: number): string {
  if (bytes > 0) return `bytes ${offset} to ${offset + bytes - 1}`;
  return offset === 0 ? "empty" : `ends too early, at byte ${offset}`;
}
