/** The model's frames: numbered lines, always the same for the same number. */
import { createFramer, type Framer } from "../../../src/framing/framing.ts";

export const MAX_FRAME_BYTES = 3 * 1024;

export const lineFramer: Framer = createFramer({
  type: "line",
  delimiter: Uint8Array.of(10),
  maxFrame: MAX_FRAME_BYTES,
});

const NUMBER_DIGITS = 8;

/** Frame `id`: mostly 12 to 300 bytes; now and then one that is larger than a journal record. */
export function frameOf(id: number): Uint8Array {
  const length = id % 61 === 60 ? 2400 + id % 600 : 12 + (id * 7919) % 289;
  const bytes = new Uint8Array(length).fill(97 + id % 26);
  bytes.set(new TextEncoder().encode(`${String(id).padStart(NUMBER_DIGITS, "0")} `));
  bytes[length - 1] = 10;
  return bytes;
}

/** The number at the beginning of a frame. */
export function idOf(frame: Uint8Array): number {
  return Number(new TextDecoder().decode(frame.subarray(0, NUMBER_DIGITS)));
}
