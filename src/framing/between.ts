/**
 * What stands between two frames and is part of neither.
 *
 * Some senders of delimited frames put a line end or a zero byte behind each
 * one. Those bytes are no frame and no fault: whoever reads from a peer passes
 * over them. They are never stored, so framers, which also cut what was
 * journaled, know nothing of them: to a framer they are a fault at the place
 * where the next frame should begin, and only there it is asked whether they
 * may be passed over. That way they cost nothing where there are none.
 */
import type { Framing } from "./framing.ts";

/** Passed over unless a framing says otherwise: CR, LF, NUL. */
const USUAL: readonly number[] = [0x0d, 0x0a, 0x00];

/** What is passed over by default before frames that begin with `start`: not what one could begin with. */
export function usualBetween(start: Uint8Array): Uint8Array {
  return Uint8Array.from(USUAL.filter((byte) => byte !== start[0]));
}

/** A framing as its text in a journal tells it, for reading from a peer. */
export function withUsualBetween(framing: Framing): Framing {
  return framing.type === "delimited" ? { ...framing, between: usualBetween(framing.start) } : framing;
}

/**
 * The offset of the first byte in `bytes[start, end)` that may be part of a
 * frame; `end` if there is none. `start` is where the next frame would begin.
 */
export function passOver(framing: Framing, bytes: Uint8Array, start: number, end: number): number {
  if (framing.type !== "delimited" || framing.between === undefined) return start;
  let at = start;
  while (at < end && framing.between.includes(bytes[at])) at++;
  return at;
}
