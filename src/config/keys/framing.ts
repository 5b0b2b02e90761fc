/** The value of `framing` and `reply_framing`: the name of a kind, or a table with the kind's parameters as keys. */
import * as z from "zod";
import {
  type Framing,
  FRAMING_KINDS,
  kindOf,
  type NamedParameter,
  parameterOf,
  parametersOf,
} from "../../framing/framing.ts";
import type { FramingKind } from "../../framing/kind.ts";
import { listed, type Parameter } from "../../framing/parameter.ts";
import { type Key, valueSchema } from "./key.ts";
import {
  BOOLEAN,
  byteString,
  oneOf,
  SIZE,
  textOfBytes,
  tomlString,
  type ValueType,
  wholeNumber,
} from "./value_types.ts";

/** The values of a framing's table by their keys, each valid by itself. */
export type RawFraming = string | { readonly type: string; readonly [key: string]: unknown };

/** Kinds that need no more than their name. */
export const FRAMING_WORDS = FRAMING_KINDS.filter(({ nameMeans }) => nameMeans !== undefined).map(({ type }) => type);
export const FRAMING_TYPES: readonly string[] = FRAMING_KINDS.map(({ type }) => type);

/** The keys of a framing's table; `type` is the value of the first one. */
export function framingKeys(kind: FramingKind<Framing>): Readonly<Record<string, Key>> {
  const type: Key = {
    type: { schema: z.literal(kind.type), write: tomlString },
    description: "The kind of framing",
    required: true,
  };
  const parameters = parametersOf(kind).map((parameter) => [parameter.key, keyOf(parameter)]);
  return { type, ...Object.fromEntries(parameters) };
}

/** The framing as a table, in which nothing is left to a default. */
export function writeFraming(framing: Framing): string {
  const pairs = parametersOf(kindOf(framing)).map((parameter) => {
    const value = parameterOf(framing, parameter.property) ?? new Uint8Array(0);
    return `${parameter.key} = ${typeOf(parameter).write(value)}`;
  });
  return `{ ${[`type = ${tomlString(framing.type)}`, ...pairs].join(", ")} }`;
}

const tables = FRAMING_KINDS.map((kind) => {
  const keys = Object.entries(framingKeys(kind));
  return z.strictObject(Object.fromEntries(keys.map(([name, entry]) => [name, valueSchema(entry)])));
});

export const FRAMING: ValueType<RawFraming, Framing> = {
  schema: z.union([
    z.enum(FRAMING_WORDS),
    z.discriminatedUnion("type", tables as unknown as [z.ZodObject<{ type: z.ZodLiteral<string> }>]),
  ]),
  write: writeFraming,
  words: FRAMING_WORDS,
};

/** The lines above `framing` in `init config`: every kind, by its name or with its settings. */
export function framingComment(): string {
  const words = FRAMING_KINDS.flatMap(({ type, nameMeans }) => nameMeans === undefined ? [] : [{ type, nameMeans }]);
  return [
    "How the stream is cut into messages (frames). One of:",
    ...words.map(({ type, nameMeans }) => `  ${tomlString(type).padEnd(24)} ${nameMeans}`).sort(),
    ...FRAMING_KINDS.flatMap(({ example }) => example === undefined ? [] : [`  ${writeFraming(example)}`]),
    'max_frame is at most a quarter of memory.max_bytes. Bytes of "between" are passed over between two frames.',
  ].join("\n");
}

function keyOf(parameter: NamedParameter): Key {
  const { description, default: usual } = parameter;
  return {
    type: typeOf(parameter),
    description,
    default: usual instanceof Uint8Array ? textOfBytes(usual) : usual as Key["default"],
    // The limit of a frame's size follows from the route's memory.
    required: usual === undefined && parameter.form !== "size" ? true : undefined,
  };
}

function typeOf(parameter: Parameter<unknown>): ValueType<unknown> {
  switch (parameter.form) {
    case "bytes":
      return byteString(parameter.min, parameter.max) as ValueType<unknown>;
    case "size":
      return SIZE as ValueType<unknown>;
    case "whole":
      return wholeNumber(parameter.min, parameter.max) as ValueType<unknown>;
    case "flag":
      return BOOLEAN as ValueType<unknown>;
    case "choice":
      return choice(parameter.of);
  }
}

function choice(values: readonly (string | number)[]): ValueType<unknown> {
  if (values.every((value) => typeof value === "string")) return oneOf(...values) as ValueType<unknown>;
  return { schema: z.literal(values, listed(values)), write: String };
}
