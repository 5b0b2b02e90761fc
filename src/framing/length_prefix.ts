/**
 * Binary frames: `offset` bytes of fixed header, then the length as an unsigned
 * integer, then the body. The length counts the body, or the whole frame where
 * `includesHeader` is set. An impossible length is a fault as soon as the
 * header is there, before any of the body has taken memory.
 */
import { tooLongText } from "./fault.ts";
import type { FramerOf, FramingKind, Scan } from "./kind.ts";
import { checkWhole, MAX_FRAME } from "./parameter.ts";
import { type FrameHeader, IMPOSSIBLE, scanSized, UNKNOWN } from "./sized.ts";

export interface LengthPrefixFraming {
  readonly type: "length-prefix";
  readonly width: 1 | 2 | 4 | 8;
  readonly endian: "big" | "little";
  readonly offset: number;
  readonly includesHeader: boolean;
  readonly maxFrame: number;
}

export const LENGTH_PREFIX: FramingKind<LengthPrefixFraming> = {
  type: "length-prefix",
  parameters: {
    width: { form: "choice", of: [1, 2, 4, 8], default: 4, description: "Bytes of the length" },
    endian: { form: "choice", of: ["big", "little"], default: "big", description: "Order of the length's bytes" },
    offset: { form: "whole", min: 0, max: 1024, default: 0, description: "Bytes of fixed header before the length" },
    includesHeader: { form: "flag", default: false, description: "Does the length count the header too?" },
    maxFrame: MAX_FRAME,
  },
  frameLimit: "maxFrame",
  example: { type: "length-prefix", width: 4, endian: "big", offset: 0, includesHeader: false, maxFrame: 2 ** 20 },
  checkLimit: (framing) => checkWhole("max_frame", framing.maxFrame, headerBytes(framing), ", for the header"),
  overhead: headerBytes,
  content: (framing, frame) => frame.subarray(headerBytes(framing)),
  framer: (framing) => new LengthPrefixFramer(framing),
};

function headerBytes({ offset, width }: LengthPrefixFraming): number {
  return offset + width;
}

class LengthPrefixFramer implements FramerOf<LengthPrefixFraming>, FrameHeader {
  readonly maxFrame: number;
  readonly #width: number;
  readonly #bigEndian: boolean;
  readonly #offset: number;
  readonly #headerBytes: number;
  readonly #includesHeader: boolean;

  constructor(readonly framing: LengthPrefixFraming) {
    this.maxFrame = framing.maxFrame;
    this.#width = framing.width;
    this.#bigEndian = framing.endian === "big";
    this.#offset = framing.offset;
    this.#headerBytes = headerBytes(framing);
    this.#includesHeader = framing.includesHeader;
  }

  scan(bytes: Uint8Array, start: number, _scanned: number, end: number): Scan {
    return scanSized(this, bytes, start, end);
  }

  sizeAt(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < this.#headerBytes) return UNKNOWN;
    const size = this.#frameBytes(bytes, at);
    return size >= this.#headerBytes && size <= this.maxFrame ? size : IMPOSSIBLE;
  }

  faultAt(bytes: Uint8Array, at: number): string {
    const size = this.#frameBytes(bytes, at);
    const said = this.#exactLength(bytes, at);
    return size < this.#headerBytes
      ? `length prefix says ${said} bytes, the header alone has ${this.#headerBytes} and is included`
      : tooLongText("length prefix", said, size, this.maxFrame);
  }

  /** Lengths above 2^53 come out rounded; `max_frame` is below that, so they are as impossible rounded as exact. */
  #frameBytes(bytes: Uint8Array, at: number): number {
    const from = at + this.#offset;
    const until = from + this.#width;
    let length = 0;
    if (this.#bigEndian) {
      for (let i = from; i < until; i++) length = length * 256 + bytes[i];
    } else {
      for (let i = until - 1; i >= from; i--) length = length * 256 + bytes[i];
    }
    return this.#includesHeader ? length : this.#headerBytes + length;
  }

  /** For the text of a fault, where 2^64 - 1 must not read 18446744073709552000. */
  #exactLength(bytes: Uint8Array, at: number): bigint {
    let length = 0n;
    for (let i = 0; i < this.#width; i++) {
      const significance = this.#bigEndian ? this.#width - 1 - i : i;
      length |= BigInt(bytes[at + this.#offset + i]) << BigInt(8 * significance);
    }
    return length;
  }
}
