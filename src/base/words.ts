/** Numbers of things as commands print them: one is not "1 frames", and a range of one has no end to name. */

/** `1 frame`, `2 frames`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** `frame 4`, `frames 4 to 6`: those of [from, until). */
export function framesOf(from: number, until: number): string {
  return until - from === 1 ? `frame ${from}` : `frames ${from} to ${until - 1}`;
}

/** `bytes 4 to 6`: those of [offset, offset + bytes). None: what should follow at `offset` is not there. */
export function placeOf(offset: number, bytes: number): string {
  if (bytes > 0) return `bytes ${offset} to ${offset + bytes - 1}`;
  return offset === 0 ? "empty" : `ends too early, at byte ${offset}`;
}
