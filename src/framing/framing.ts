/**
 * How a byte stream is cut into frames: the table of all kinds of framing.
 *
 * A framer is a pure function from bytes to frame boundaries: it reports where
 * the last whole frame in a buffer ends and how many there are. The same framer
 * finds the boundaries again in what was journaled.
 */
import { DELIMITED } from "./delimited.ts";
import { FIXED } from "./fixed.ts";
import type { FramerOf, FramingKind } from "./kind.ts";
import { LENGTH_PREFIX } from "./length_prefix.ts";
import { LINE } from "./line.ts";
import { OCTET_COUNT } from "./octet_count.ts";
import { checkParameter, type Parameter, parameterKey, refuse } from "./parameter.ts";
import { RAW } from "./raw.ts";

/** A new kind of framing is a file and an entry here. The order is that of messages and of the JSON Schema. */
const KINDS = [RAW, LINE, LENGTH_PREFIX, OCTET_COUNT, DELIMITED, FIXED] as const;

/** The framing of a route as configured. Sizes in bytes. */
export type Framing = (typeof KINDS)[number] extends infer K ? K extends FramingKind<infer F> ? F : never : never;
export type Framer = FramerOf<Framing>;
export type { Scan } from "./kind.ts";

export const FRAMING_KINDS: readonly FramingKind<Framing>[] = KINDS;

/** A parameter with its property in the framing and its key in a configuration. */
export type NamedParameter = Parameter<unknown> & { readonly property: string; readonly key: string };

/** The kind of this name; undefined if there is none. */
export function findKind(type: unknown): FramingKind<Framing> | undefined {
  return FRAMING_KINDS.find((kind) => kind.type === type);
}

export function kindOf(framing: Framing): FramingKind<Framing> {
  const kind = findKind(framing.type);
  if (kind === undefined) throw new Error(`no framing is called ${framing.type}`);
  return kind;
}

/** The parameters of a kind, in the order in which its text has them. */
export function parametersOf(kind: FramingKind<Framing>): NamedParameter[] {
  const parameters: [string, Parameter<unknown>][] = Object.entries(kind.parameters);
  return parameters.map(([property, parameter]) => ({ ...parameter, property, key: parameterKey(property) }));
}

/** The value of a parameter in a framing that has it. */
export function parameterOf(framing: Framing, property: string): unknown {
  return framing[property as keyof Framing];
}

/** Throws a `SpillwayError` that names the key as in a configuration file, what was found and what is allowed. */
export function checkFraming(framing: Framing): void {
  const kind = kindOf(framing);
  for (const parameter of parametersOf(kind)) {
    const value = parameterOf(framing, parameter.property);
    // What no text stores is absent from a framing that was read from one.
    if (value !== undefined || parameter.unstored === undefined) checkParameter(parameter.key, parameter, value);
  }
  const conflict = kind.conflict?.(framing);
  if (conflict !== undefined) refuse(parameterKey(conflict.property), conflict.found, conflict.allowed);
  kind.checkLimit?.(framing);
}

/** The framer for `framing`. Throws a `SpillwayError` if a parameter is outside its range. */
export function createFramer(framing: Framing): Framer {
  checkFraming(framing);
  return kindOf(framing).framer(framing);
}

/** The content of one whole frame of this framing, as a view of its bytes. */
export function frameContent(framing: Framing, frame: Uint8Array): Uint8Array {
  return kindOf(framing).content(framing, frame);
}

/** The largest frame in bytes, delimiters and headers included. */
export function largestFrame(framing: Framing): number {
  const { frameLimit } = kindOf(framing);
  return frameLimit === undefined ? 1 : parameterOf(framing, frameLimit) as number;
}

/** False where every byte is a frame: then there are no messages that could be told apart or answered. */
export function hasMessages(framing: Framing): boolean {
  return kindOf(framing).frameLimit !== undefined;
}
