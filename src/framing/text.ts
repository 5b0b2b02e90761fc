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
import { hexOf } from "./fault.ts";
import {
  checkFraming,
  findKind,
  type Framing,
  FRAMING_KINDS,
  kindOf,
  type NamedParameter,
  parameterOf,
  parametersOf,
} from "./framing.ts";
import type { FramingKind } from "./kind.ts";
import { listed, type Parameter } from "./parameter.ts";

/** The text of a framing; {@link parseFraming} is its inverse. */
export function framingText(framing: Framing): string {
  return textWith(framing, storedParameters(kindOf(framing)));
}

/** True if the two read the same frames from a peer. Equal texts only say that they cut stored frames alike. */
export function sameFraming(one: Framing, other: Framing): boolean {
  return textWith(one, parametersOf(kindOf(one))) === textWith(other, parametersOf(kindOf(other)));
}

function storedParameters(kind: FramingKind<Framing>): NamedParameter[] {
  return parametersOf(kind).filter(({ unstored }) => unstored === undefined);
}

function textWith(framing: Framing, parameters: readonly NamedParameter[]): string {
  const pairs = parameters.map(({ key, property }) => `${key}=${valueText(parameterOf(framing, property))}`);
  return [framing.type, ...pairs].join(" ");
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

/** Accepts more than is written: `parseFraming` compares the outcome with the text. */
function read(text: string): Framing {
  const [type, ...pairs] = text.split(" ");
  const kind = findKind(type);
  if (kind === undefined) throw new SpillwayError(`expected ${listed(FRAMING_KINDS.map((each) => each.type))}`);
  const values = new Map(pairs.map((pair) => pair.split("=", 2) as [string, string]));
  const parameters = storedParameters(kind).map((parameter) => {
    return [parameter.property, parseValue(parameter, values.get(parameter.key))];
  });
  return { type, ...Object.fromEntries(parameters) };
}

function valueText(value: unknown): string {
  return value instanceof Uint8Array ? hexOf(value) : String(value);
}

function parseValue(parameter: Parameter<unknown>, text: string | undefined): unknown {
  switch (parameter.form) {
    case "bytes":
      return Uint8Array.from(text?.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    case "flag":
      return text === "true";
    case "choice":
      return parameter.of.find((word) => String(word) === text) ?? text;
    case "size":
    case "whole":
      return Number(text ?? Number.NaN);
  }
}
