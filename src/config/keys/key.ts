/**
 * How a key of the configuration is described. One entry says everything about
 * a key; the schema, the JSON Schema, messages, the flags of `run`, what `check`
 * prints and what `init config` prints are made from it.
 */
import * as z from "zod";
import { listed } from "../../framing/parameter.ts";
import type { RouteOptions } from "../../relay/options.ts";
import type { ValueType } from "./value_types.ts";

/** A value as a file has it. */
export type FileValue = string | number | boolean | readonly string[];

/** A rule about one value alone, for values that are right as such. Only a value that has an effect is asked. */
export interface Rule<T> {
  allows(value: T): boolean;
  /** Completes "found X, allowed: …". */
  readonly allowed: string;
}

/** A flag of `run` that sets the key. */
export interface KeyFlag {
  readonly name: string;
  /** What stands for the value in the help. */
  readonly value: string;
  /** As {@link describe} completes it. */
  readonly description: string;
  /** True if a route without a file needs it. */
  readonly required?: true;
  /** Its value where the flag is not given, other than the key's default. */
  readonly default?: string;
  /** True if the help lists the default before the other words. */
  readonly defaultFirst?: true;
}

interface KeyDetails<Raw, Written> {
  /** For the JSON Schema: what it means, in one line. */
  readonly description: string;
  /** True if a table without it is refused by its schema. */
  readonly required?: true;
  /** The value that `init config` shows where the default depends on other keys. */
  readonly usual?: FileValue;
  /** The value that `init config` shows of a key that has to be given. */
  readonly example?: FileValue;
  /** The lines above it in `init config`; true for the description. */
  readonly comment?: string | true;
  readonly rules?: readonly Rule<Raw>[];
  /** The property that has the value, among the options that the relay is given for the key's table. */
  readonly option?: string;
  /** What `check` prints, for a key whose value is no option by itself; undefined leaves the key out. */
  shown?(route: RouteOptions): Written | undefined;
  readonly flag?: KeyFlag;
  /** Set for a key that a later version has: what to do instead. A file that sets it is refused. */
  readonly unsupported?: string;
}

export interface Key<Raw = unknown, Written = unknown> extends KeyDetails<Raw, Written> {
  readonly type: ValueType<Raw, Written>;
  readonly default?: FileValue;
}

export interface Table<K extends Entries = Entries> {
  readonly description: string;
  readonly keys: K;
  /** True for `[[name]]`, which may stand several times. */
  readonly repeated?: true;
  /** What the JSON Schema says of keys together. */
  readonly json?: Readonly<Record<string, unknown>>;
}

export type Entry = Key | Table;
export type Entries = { readonly [name: string]: Entry };

/** What reading a file gives for an entry. */
export type RawOf<E> = E extends { readonly keys: infer K; readonly repeated: true } ? RawTable<K>[]
  : E extends { readonly keys: infer K } ? RawTable<K>
  : E extends { readonly type: ValueType<infer Raw, infer _> } ? Raw
  : never;

/** The keys that the file has; absent where it has none. */
export type RawTable<K> = { readonly [P in keyof K]?: RawOf<K[P]> };

/** `usual` is the value where the key is left out; undefined where that depends on other keys. */
export function key<Raw, Written, D extends FileValue | undefined, const S extends KeyDetails<Raw, Written>>(
  type: ValueType<Raw, Written>,
  usual: D,
  details: S,
) {
  return { type, default: usual, ...details };
}

export function unsupported<Raw>(type: ValueType<Raw>, hint: string) {
  return key(type, undefined, { description: "Not in this version", unsupported: hint });
}

/** What the JSON Schema adds to a schema. Zod's own metadata would lose the defaults of values that are transformed. */
export const JSON_PARTS = z.registry<Readonly<Record<string, unknown>>>();

/** Reads a key's value where its table has one, and describes it to the JSON Schema. */
export function valueSchema({ type: { schema, json }, description, default: usual, required }: Key): z.ZodType {
  const parts = { description, ...json, ...usual === undefined ? {} : { default: usual } };
  return (required ? schema.clone() : schema.optional()).register(JSON_PARTS, parts);
}

/** The value of a key that a file leaves out. */
export function defaultOf<Raw>(entry: { readonly type: ValueType<Raw, unknown>; readonly default: FileValue }): Raw {
  return entry.type.schema.parse(entry.default);
}

/** The words that the value of a flag may be; undefined where these are not all. */
export function wordsOf({ type: { words }, default: usual, flag }: Key): readonly string[] | undefined {
  if (words === undefined || flag?.defaultFirst === undefined) return words;
  return [String(usual), ...words.filter((word) => word !== usual)];
}

/** `text` with the key's default in place of `{default}`, and all words that it may be in place of `{words}`. */
export function describe(text: string, entry: Key): string {
  const words = (wordsOf(entry) ?? []).map((word) => word === entry.default ? `${word} (default)` : word);
  return text.replace("{words}", listed(words)).replace("{default}", String(entry.flag?.default ?? entry.default));
}
