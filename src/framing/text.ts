/**
 * A framing as one line of text, which every journal segment has in its header.
 * It is part of the journal's format: it never changes for a given framing, and
 * a reader builds the framer again from it.
 *
 *     raw
 *     line delimiter=0a max_frame=1048576
 *     length-prefix width=4 endian=big offset=0 includes_header=false max_frame=1048576
 *     octet-count max_frame=1048576
 *     delimited start=0b end=1c0d max_frame=1048576
 *     fixed size=188
 *
 * ASCII; the type, then every parameter in this order, one space before each.
 * Byte strings are lower-case hex, numbers are decimal bytes without unit.
 */
import { messageOf, SpillwayError } from "../base/error.ts";
import { checkFraming } from "./check.ts";
import { hexOf } from "./fault.ts";
import type { Framing } from "./framing.ts";

/** The text of a framing; {@link parseFraming} is its inverse. */
export function framingText(framing: Framing): string {
  switch (framing.type) {
    case "raw":
      return "raw";
    case "line":
      return `line delimiter=${hexOf(framing.delimiter)} max_frame=${framing.maxFrame}`;
    case "length-prefix":
      return `length-prefix width=${framing.width} endian=${framing.endian} offset=${framing.offset}` +
        ` includes_header=${framing.includesHeader} max_frame=${framing.maxFrame}`;
    case "octet-count":
      return `octet-count max_frame=${framing.maxFrame}`;
    case "delimited":
      return `delimited start=${hexOf(framing.start)} end=${hexOf(framing.end)} max_frame=${framing.maxFrame}`;
    case "fixed":
      return `fixed size=${framing.size}`;
  }
}

/**
 * The framing that has this text. Throws a `SpillwayError` for anything that
 * {@link framingText} does not write, if only by a space or a leading zero.
 */
export function parseFraming(text: string): Framing {
  try {
    const framing = read(text);
    checkFraming(framing);
    if (framingText(framing) === text) return framing;
    throw new SpillwayError(`expected "${framingText(framing)}"`);
  } catch (error) {
    if (!(error instanceof SpillwayError)) throw error;
    throw new SpillwayError(`"${text}" is not the text of a framing: ${messageOf(error)}`, { cause: error });
  }
}

/** Takes what it can get: `parseFraming` compares the outcome with the text. */
function read(text: string): Framing {
  const [type, ...pairs] = text.split(" ");
  const values = new Map(pairs.map((pair) => pair.split("=", 2) as [string, string]));
  const number = (key: string) => Number(values.get(key) ?? Number.NaN);
  const bytes = (key: string) => bytesOfHex(values.get(key) ?? "");
  const maxFrame = number("max_frame");
  switch (type) {
    case "raw":
      return { type };
    case "line":
      return { type, delimiter: bytes("delimiter"), maxFrame };
    case "length-prefix":
      return {
        type,
        width: number("width") as 1 | 2 | 4 | 8,
        endian: values.get("endian") as "big" | "little",
        offset: number("offset"),
        includesHeader: values.get("includes_header") === "true",
        maxFrame,
      };
    case "octet-count":
      return { type, maxFrame };
    case "delimited":
      return { type, start: bytes("start"), end: bytes("end"), maxFrame };
    case "fixed":
      return { type, size: number("size") };
    default:
      throw new SpillwayError("expected raw, line, length-prefix, octet-count, delimited or fixed");
  }
}

function bytesOfHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
