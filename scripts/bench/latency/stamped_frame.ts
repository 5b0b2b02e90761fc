/** A frame of fixed size that carries, in digits, when it was sent: whole for a relay that frames by lines or by lengths. */
import { framingOf, type Payload } from "../payloads.ts";

const DIGITS = 16;
const ZERO = 48;
const PREFIX_BYTES = 4;
const LINE_FEED = 10;

export class StampedFrame {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the digits begin. */
  readonly #start: number;

  constructor(payload: Payload) {
    const size = sizeOf(payload);
    this.bytes = new Uint8Array(size).map((_, i) => 97 + i % 26);
    const hasPrefix = typeof framingOf(payload) === "object";
    this.#start = hasPrefix ? PREFIX_BYTES : 0;
    if (hasPrefix) new DataView(this.bytes.buffer).setUint32(0, size - PREFIX_BYTES);
    else this.bytes[size - 1] = LINE_FEED;
  }

  /** `time` in whole ns, up to 16 digits. */
  stamp(time: number): void {
    let rest = time;
    for (let at = this.#start + DIGITS - 1; at >= this.#start; at--) {
      const higher = Math.floor(rest / 10);
      this.bytes[at] = ZERO + rest - higher * 10;
      rest = higher;
    }
  }

  /** When the frame that begins at `offset` was stamped; throws if none begins there. */
  stampAt(received: Uint8Array, offset: number): number {
    let time = 0;
    for (let at = offset + this.#start; at < offset + this.#start + DIGITS; at++) {
      const digit = received[at] - ZERO;
      if (!(digit >= 0 && digit <= 9)) throw new Error("what came is not what was sent");
      time = time * 10 + digit;
    }
    return time;
  }
}

/** The length of all frames of one payload; of those with many sizes the middle of the small ones. */
function sizeOf(payload: Payload): number {
  switch (payload) {
    case "lines-64":
      return 64;
    case "frames":
      return PREFIX_BYTES + 1_000;
    case "frames-1m":
      return PREFIX_BYTES + 1_000_000;
    case "lines-512":
    case "raw":
      return 512;
  }
}
