/**
 * Syslog's octet counting, RFC 6587 section 3.4.1: `MSG-LEN SP MSG`, where
 * MSG-LEN is a decimal number without leading zeros that counts MSG alone.
 *
 * Captured from real senders: `logger --tcp --octet-count` (util-linux 2.38.1)
 * and rsyslog's omfwd with `TCP_Framing="octet-counted"` (8.2302.0) send exactly
 * that, with no line feed after or inside the count. A sender that appends one
 * and counts it is served too, as the message is opaque here; one that appends
 * it uncounted breaks the RFC and is a fault at its second frame.
 */
import { byteText, tooLongText } from "./fault.ts";
import type { FramerOf, FramingKind, Scan } from "./kind.ts";
import { checkWhole, MAX_FRAME } from "./parameter.ts";
import { type FrameHeader, IMPOSSIBLE, scanSized, UNKNOWN } from "./sized.ts";

const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;

export interface OctetCountFraming {
  readonly type: "octet-count";
  readonly maxFrame: number;
}

export const OCTET_COUNT: FramingKind<OctetCountFraming> = {
  type: "octet-count",
  parameters: { maxFrame: MAX_FRAME },
  frameLimit: "maxFrame",
  nameMeans: 'syslog\'s own: "5 hello" (RFC 6587)',
  checkLimit: ({ maxFrame }) => checkWhole("max_frame", maxFrame, "1 x".length, ", for the shortest frame"),
  overhead: () => "1 ".length,
  content: (_, frame) => frame.subarray(frame.indexOf(SPACE) + 1),
  framer: (framing) => new OctetCountFramer(framing),
};

class OctetCountFramer implements FramerOf<OctetCountFraming>, FrameHeader {
  readonly maxFrame: number;
  /** A count with more digits than this exceeds `maxFrame`, so a header is never longer. */
  readonly #maxDigits: number;

  constructor(readonly framing: OctetCountFraming) {
    this.maxFrame = framing.maxFrame;
    this.#maxDigits = String(framing.maxFrame).length;
  }

  scan(bytes: Uint8Array, start: number, _scanned: number, end: number): Scan {
    return scanSized(this, bytes, start, end);
  }

  sizeAt(bytes: Uint8Array, at: number, end: number): number {
    if (bytes[at] === ZERO) return IMPOSSIBLE;
    let length = 0;
    for (let i = at; i < end; i++) {
      const byte = bytes[i];
      if (byte >= ZERO && byte <= NINE && i - at < this.#maxDigits) {
        length = length * 10 + (byte - ZERO);
      } else if (byte === SPACE && i > at) {
        const size = i + 1 - at + length;
        return size <= this.maxFrame ? size : IMPOSSIBLE;
      } else {
        return IMPOSSIBLE;
      }
    }
    return UNKNOWN;
  }

  faultAt(bytes: Uint8Array, at: number): string {
    let digits = 0;
    while (digits < this.#maxDigits && isDigit(bytes[at + digits])) digits++;
    const count = String.fromCharCode(...bytes.subarray(at, at + digits));
    if (digits === 0) return `frame begins with ${byteText(bytes[at])}, expected the first digit of an octet count`;
    if (bytes[at] === ZERO) return `octet count begins with 0, expected a digit 1 to 9`;
    const after = bytes[at + digits];
    if (after === SPACE) {
      return tooLongText("octet count", Number(count), digits + 1 + Number(count), this.maxFrame);
    }
    return isDigit(after)
      ? `octet count ${count}… has more than ${digits} digits, max_frame is ${this.maxFrame}`
      : `octet count ${count} is followed by ${byteText(after)}, expected a space`;
  }
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}
