/** Framings with many parameters, and frames of each. */
import type { Framing } from "../../src/framing/framing.ts";
import { bytesFrom, latin1 } from "./reference.ts";

export type LengthPrefix = Extract<Framing, { type: "length-prefix" }>;

/** Every width, both endians, with and without a fixed header, the header counted or not. */
export const LENGTH_PREFIXES: readonly LengthPrefix[] = ([1, 2, 4, 8] as const).flatMap((width) =>
  (["big", "little"] as const).flatMap((endian) =>
    [0, 2].flatMap((offset) =>
      [false, true].map((includesHeader): LengthPrefix => (
        { type: "length-prefix", width, endian, offset, includesHeader, maxFrame: 60 }
      ))
    )
  )
);

/** One byte, two, three of which overlap themselves, sixteen. */
export const DELIMITERS = ["\n", "\0", "\r\n", "aab", "aba", "aaa", "0123456789abcdef", "aaaaaaaaaaaaaaab"];

export const FRAMINGS: readonly Framing[] = [
  { type: "raw" },
  ...DELIMITERS.map((text): Framing => ({ type: "line", delimiter: bytesFrom(text), maxFrame: 60 })),
  ...LENGTH_PREFIXES,
  { type: "octet-count", maxFrame: 60 },
  { type: "octet-count", maxFrame: 9 },
  { type: "delimited", start: bytesFrom("\x0b"), end: bytesFrom("\x1c\r"), maxFrame: 60 },
  { type: "delimited", start: bytesFrom("aab"), end: bytesFrom("aba"), maxFrame: 60 },
  { type: "delimited", start: bytesFrom("<"), end: bytesFrom(">"), maxFrame: 60 },
  { type: "fixed", size: 1 },
  { type: "fixed", size: 7 },
];

/** The frame around `body`; undefined where the framing has no frame with this body. */
export function frameOf(framing: Framing, body: Uint8Array): Uint8Array | undefined {
  const text = latin1(body);
  switch (framing.type) {
    case "raw":
      return body.length === 1 ? body : undefined;
    case "fixed":
      return body.length === framing.size ? body : undefined;
    case "line":
      return endedBy(framing.maxFrame, "", text, latin1(framing.delimiter));
    case "delimited":
      return endedBy(framing.maxFrame, latin1(framing.start), text, latin1(framing.end));
    case "octet-count": {
      const frame = `${body.length} ${text}`;
      return body.length > 0 && frame.length <= framing.maxFrame ? bytesFrom(frame) : undefined;
    }
    case "length-prefix": {
      const whole = framing.offset + framing.width + body.length;
      if (whole > framing.maxFrame) return undefined;
      const header = prefix(framing, BigInt(framing.includesHeader ? whole : body.length));
      return Uint8Array.of(...header, ...body);
    }
  }
}

/** `offset` bytes of 0xee and the length in the framing's way. */
export function prefix(framing: LengthPrefix, length: bigint): Uint8Array {
  const digits = Array.from({ length: framing.width }, (_, i) => Number(length >> BigInt(8 * i) & 0xffn));
  if (framing.endian === "big") digits.reverse();
  return Uint8Array.of(...new Array(framing.offset).fill(0xee), ...digits);
}

function endedBy(maxFrame: number, start: string, body: string, end: string): Uint8Array | undefined {
  const alone = (body + end).indexOf(end) === body.length;
  const frame = start + body + end;
  return alone && frame.length <= maxFrame ? bytesFrom(frame) : undefined;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
