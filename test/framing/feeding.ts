/** Feeds a framer as a connection does, and holds every answer against the naive reference. */
import type { Framer } from "../../src/framing/framing.ts";
import { assertEquals } from "../support/assert.ts";
import { cut } from "./reference.ts";

/** How a chunked feed ended. */
export interface Fed {
  /** Offset after the last whole frame. */
  readonly end: number;
  readonly frames: number;
  readonly fault: string | undefined;
}

/** The input at an odd place in a larger buffer that is full of it already, as pooled buffers are. */
const LEAD = 5;
const TRAIL = 40;

/** Scans after each of the ascending offsets `arrivals`, going on from the last boundary; stops at a fault. */
export function feed(framer: Framer, input: Uint8Array, arrivals: readonly number[]): Fed {
  const buffer = new Uint8Array(1 + LEAD + input.length + TRAIL).subarray(1);
  for (let i = 0; i < buffer.length; i++) buffer[i] = input.length > 0 ? input[i % input.length] : 0;
  let start = LEAD;
  let scanned = LEAD;
  let frames = 0;
  for (const arrival of arrivals) {
    buffer.set(input.subarray(0, arrival), LEAD);
    const found = framer.scan(buffer, start, scanned, LEAD + arrival);
    frames += found.frames;
    const expected = cut(framer.framing, input.subarray(0, arrival));
    assertEquals(
      { end: found.end - LEAD, frames, needed: found.needed, fault: found.fault !== undefined },
      {
        end: expected.boundaries.at(-1) ?? 0,
        frames: expected.boundaries.length,
        needed: expected.needed,
        fault: expected.fault,
      },
      `${JSON.stringify(framer.framing)}, ${arrival} bytes of ${input}, arrivals ${arrivals}`,
    );
    if (found.fault !== undefined) return { end: found.end - LEAD, frames, fault: found.fault };
    start = found.end;
    scanned = LEAD + arrival;
  }
  return { end: start - LEAD, frames, fault: undefined };
}

/** Whole, cut in two at every offset, and one byte at a time; all must end alike, to the text of the fault. */
export function feedEveryWay(framer: Framer, input: Uint8Array): Fed {
  const whole = feed(framer, input, [input.length]);
  for (let at = 0; at <= input.length; at++) assertEquals(feed(framer, input, [at, input.length]), whole);
  assertEquals(feed(framer, input, Array.from(input, (_, i) => i + 1)), whole);
  return whole;
}
