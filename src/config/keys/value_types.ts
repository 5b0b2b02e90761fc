/** The types that a key's value may have: how a file's value is read and checked, described to others, and written. */
import * as z from "zod";
import { parseDuration, parseSize } from "../../base/quantity.ts";
import { messageOf, SpillwayError } from "../../base/error.ts";
import { formatAddress, parseAddress } from "../../runtime/address.ts";
import type { Address } from "../../runtime/net.ts";
import { Networks } from "../../runtime/networks.ts";
import { withoutReferences } from "../environment.ts";
import { formatDurationExactly, formatSizeExactly } from "../format_exact.ts";

/** `Raw` is the value that reading gives; `Written` the one that is written, where resolving a route changes it. */
export interface ValueType<Raw, Written = Raw> {
  /** Refuses a value with a message that completes "found X, allowed: …". */
  readonly schema: z.ZodType<Raw>;
  /** What the JSON Schema adds to what it takes from `schema`; the program reads more strictly. */
  readonly json?: Readonly<Record<string, unknown>>;
  /** The value as TOML, exactly. */
  write(value: Written): string;
  /** All values, where these are words. */
  readonly words?: readonly string[];
}

const SIZE_PATTERN = "[0-9]+(\\.[0-9]+)?(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)";

export const SIZE: ValueType<number> = {
  schema: parsed(parseSize, 'a size such as "16MiB" (B KB MB GB TB KiB MiB GiB TiB)'),
  json: { pattern: `^${SIZE_PATTERN}$`, examples: ["16MiB"] },
  write: (bytes) => tomlString(formatSizeExactly(bytes)),
};

/** How much of what is confirmed is sent again on a new connection. */
export const REWIND: ValueType<number | "auto"> = {
  schema: parsed(
    (text) => text === "auto" ? text : parseSize(text),
    '"auto", or a size such as "1MiB" (B KB MB GB TB KiB MiB GiB TiB)',
  ),
  json: { pattern: `^(auto|${SIZE_PATTERN})$`, examples: ["auto", "1MiB"] },
  write: (rewind) => tomlString(rewind === "auto" ? rewind : formatSizeExactly(rewind)),
};

export const DURATION: ValueType<number> = {
  schema: parsed(parseDuration, 'a duration such as "100ms" (ms s m h d w)'),
  json: { pattern: "^([0-9]+(\\.[0-9]+)?(ms|s|m|h|d|w))+$", examples: ["100ms", "1h30m"] },
  write: (ms) => tomlString(formatDurationExactly(ms)),
};

const ADDRESS_JSON = {
  type: "string",
  pattern:
    "^(unix:/[^\\x00]*[^/\\x00]|\\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%[A-Za-z0-9_.-]+)?\\]:[0-9]{1,5}|[^\\[\\]:/\\s]*:[0-9]{1,5})$",
  examples: ["0.0.0.0:9000", "[::1]:9000", ":9000", "unix:/run/a.sock"],
};

export const ADDRESS: ValueType<Address> = {
  schema: parsed(parseAddress, 'an address: "host:port", "[v6]:port", ":port" or "unix:/path"'),
  json: ADDRESS_JSON,
  write: (address) => tomlString(formatAddress(address)),
};

const addressesAllowed = 'an address such as "server-b:9001", or a list of them';

/** One address, or several in the order in which they are tried. */
export const ADDRESSES: ValueType<readonly Address[]> = {
  // Not a union of the two: a value that is neither has one problem.
  schema: z.unknown().transform((value, context) => {
    const texts = Array.isArray(value) ? value : [value];
    if (texts.length > 0 && texts.every((text) => typeof text === "string")) {
      return valueOr(() => texts.map(parseAddress), value, context);
    }
    context.issues.push({ code: "custom", message: addressesAllowed, input: value });
    return z.NEVER;
  }),
  json: { anyOf: [ADDRESS_JSON, { type: "array", items: ADDRESS_JSON, minItems: 1 }] },
  write: (addresses) => {
    const texts = addresses.map(formatAddress);
    return texts.length === 1 ? tomlString(texts[0]) : tomlList(texts);
  },
};

export const BOOLEAN: ValueType<boolean> = { schema: z.boolean("true or false"), write: String };

/** Any string, as the bytes of its UTF-8. */
export const TEXT: ValueType<Uint8Array> = {
  schema: z.string("a string").transform((text) => new TextEncoder().encode(text)),
  write: tomlBytes,
};

const networksAllowed = 'a list of networks such as ["10.0.0.0/8", "fd00::/8"]';

/** An empty list is all networks. */
export const NETWORKS: ValueType<Networks> = {
  schema: z.array(z.string(networksAllowed), networksAllowed).transform((texts, context) =>
    valueOr(() => new Networks(texts), texts, context)
  ),
  write: ({ texts }) => tomlList(texts),
};

/** A regular expression is compiled after it was read, so that a faulty one has a message of its own. */
export const PATTERN: ValueType<string> = { schema: z.string("a string"), write: tomlString };

export const PATH: ValueType<string> = {
  schema: z.string("a path").min(1, "a path").refine((path) => !path.includes("\0"), "a path"),
  write: tomlString,
};

const nameAllowed = "a name of a-z, 0-9, _ and - that begins with a letter or digit";

export const NAME: ValueType<string> = {
  schema: z.string(nameAllowed).regex(/^[a-z0-9][a-z0-9_-]*$/, nameAllowed),
  write: tomlString,
};

const groupAllowed = "the name or the number of a group";

/** A group of the system; whether there is one shows at the start. */
export const GROUP: ValueType<string> = {
  schema: z.string(groupAllowed).regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?$/, groupAllowed),
  write: tomlString,
};

/** For keys that this version does not have. */
export const ANY: ValueType<unknown> = { schema: z.unknown(), write: String };

/** One of these words. */
export function oneOf<const T extends readonly string[]>(...words: T): ValueType<T[number]> {
  const schema = z.enum(words, words.map((word) => JSON.stringify(word)).join(", "));
  return { schema: schema as z.ZodType<T[number]>, write: tomlString, words };
}

export function wholeNumber(min: number, max: number): ValueType<number> {
  const allowed = `a whole number from ${min} to ${max}`;
  return { schema: z.int(allowed).min(min, allowed).max(max, allowed), write: String };
}

/** A string of `min` to `max` bytes of UTF-8. */
export function byteString(min: number, max: number): ValueType<Uint8Array> {
  const allowed = `a string of ${min === 0 ? "at most" : `${min} to`} ${max} bytes`;
  const schema = z.string(allowed)
    .transform((value) => new TextEncoder().encode(value))
    .refine((bytes) => bytes.length >= min && bytes.length <= max, allowed);
  return { schema, write: tomlBytes, json: min === 0 ? undefined : { minLength: min, maxLength: max } };
}

/** Text that `parse` turns into a value or refuses with a message that names what was found and what is allowed. */
function parsed<T>(parse: (text: string) => T, allowed: string): z.ZodType<T> {
  return z.string(allowed).transform((text, context) => valueOr(() => parse(text), text, context));
}

/** What `make` makes of `input`; what it throws is the message. */
function valueOr<T>(make: () => T, input: unknown, context: z.core.$RefinementCtx): T {
  try {
    return make();
  } catch (thrown) {
    const params = { whole: true, hint: thrown instanceof SpillwayError ? thrown.hint : undefined };
    context.issues.push({ code: "custom", message: messageOf(thrown), params, input });
    return z.NEVER;
  }
}

/** A JSON string is a TOML basic string, DEL apart; dollar signs stand for themselves. */
export function tomlString(value: string): string {
  return JSON.stringify(withoutReferences(value)).replaceAll("\x7f", "\\u007f");
}

export function tomlList(values: readonly string[]): string {
  return `[${values.map(tomlString).join(", ")}]`;
}

function tomlBytes(value: Uint8Array): string {
  return tomlString(textOfBytes(value));
}

/** The string with these bytes. A byte order mark is kept like any others. */
export function textOfBytes(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}
