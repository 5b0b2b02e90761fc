/**
 * What stands between two frames and is part of neither.
 *
 * Some senders of delimited frames put a line end or a zero byte behind each
 * one. Those bytes are no frame and no fault: a reader of a peer's bytes skips
 * them. They are never stored, so framers, which also cut what was journaled,
 * do not know them: to a framer they are a fault at the place where the next
 * frame should begin, and only there it is asked whether they may be skipped.
 * A stream without such bytes therefore pays nothing for them.
 */
import { type Framing, kindOf } from "./framing.ts";

/** A framing as its text in a journal tells it, for reading from a peer. */
export function withUsualBetween(framing: Framing): Framing {
  return { ...framing, ...kindOf(framing).derived?.(framing) } as Framing;
}

/**
 * The offset of the first byte in `bytes[start, end)` that may be part of a
 * frame; `end` if there is none. `start` is where the next frame would begin.
 */
export function passOver(framing: Framing, bytes: Uint8Array, start: number, end: number): number {
  if (!("between" in framing) || framing.between === undefined) return start;
  let at = start;
  while (at < end && framing.between.includes(bytes[at])) at++;
  return at;
}
