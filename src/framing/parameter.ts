/**
 * The parameters of a framing, and what each may hold. One description serves
 * every place in which a parameter stands: the configuration, its JSON Schema
 * and its template; and the framing's text in a journal.
 */
import { usageError } from "../base/error.ts";

/** What the values of a parameter are. */
type Form =
  /** Bytes, at least `min` and at most `max` of them; a string in the configuration. */
  | { readonly form: "bytes"; readonly min: number; readonly max: number }
  /** A number of bytes, which the configuration writes with a unit. */
  | { readonly form: "size" }
  /** A whole number from `min` on. The configuration takes none above `max`. */
  | { readonly form: "whole"; readonly min: number; readonly max: number }
  | { readonly form: "choice"; readonly of: readonly (string | number)[] }
  | { readonly form: "flag" };

export type Parameter<T> = Form & {
  /** What it means, in one line. */
  readonly description: string;
  /** Its value where the configuration leaves it out; absent where it has to be given or depends on others. */
  readonly default?: T;
  /** True if the framing's text leaves it out, because stored frames are cut without it. */
  readonly unstored?: true;
};

/** Parameters by the framing's properties, in the order in which its text has them. */
export type Parameters<F> = { readonly [P in Exclude<keyof F, "type">]-?: Parameter<F[P]> };

/** Every framing with frames of different sizes has it, as `maxFrame`. */
export const MAX_FRAME: Parameter<number> = {
  form: "size",
  description: "The largest frame; at most a quarter of memory.max_bytes",
};

/** A byte string that marks where frames begin or end. */
export function marker(description: string): Parameter<Uint8Array> {
  return { form: "bytes", min: 1, max: 16, description };
}

/** The name in a configuration and in a framing's text: `max_frame` for the property `maxFrame`. */
export function parameterKey(property: string): string {
  return property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `1, 2, 4 or 8`. */
export function listed(words: readonly (string | number)[]): string {
  return [words.slice(0, -1).join(", "), ...words.slice(-1)].filter((part) => part !== "").join(" or ");
}

/** Throws a `SpillwayError` if `value` is nothing that the parameter may hold. */
export function checkParameter(key: string, parameter: Parameter<unknown>, value: unknown): void {
  if (parameter.form === "bytes") {
    const { min, max } = parameter;
    const { length } = value as Uint8Array;
    if (length < min || length > max) refuse(key, `${length} bytes long`, `${min} to ${max} bytes`);
  } else if (parameter.form === "choice") {
    if (!parameter.of.includes(value as string | number)) refuse(key, value, listed(parameter.of));
  } else if (parameter.form === "whole") {
    checkWhole(key, value as number, parameter.min);
  }
}

/** Throws a `SpillwayError` unless `value` is a whole number of at least `min` bytes; `purpose` says what they are for. */
export function checkWhole(key: string, value: number, min: number, purpose = ""): void {
  if (Number.isSafeInteger(value) && value >= min) return;
  refuse(key, value, `a whole number of bytes from ${min} on${purpose}`);
}

/** Throws a `SpillwayError` that names the key as in a configuration, what was found and what is allowed. */
export function refuse(key: string, found: unknown, allowed: string): never {
  throw usageError(`framing: ${key} is ${found}, allowed is ${allowed}`);
}
