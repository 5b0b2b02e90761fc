/**
 * The configuration's keys and what each may hold, one by one. What
 * keys mean together is the business of route.ts.
 *
 * Every key may be absent here, and every value that is not a table has a
 * message that completes "found X, allowed: …".
 */
import * as z from "zod";
import { parseDuration, parseSize } from "../base/quantity.ts";
import { messageOf, SpillwayError } from "../base/error.ts";
import { parseAddress } from "../runtime/address.ts";

/** Text that `parse` turns into a value or refuses with a message that names what was found and what is allowed. */
function parsed<T>(parse: (text: string) => T, allowed: string) {
  return z.string(allowed).transform((text, context) => {
    try {
      return parse(text);
    } catch (thrown) {
      const params = { whole: true, hint: thrown instanceof SpillwayError ? thrown.hint : undefined };
      context.issues.push({ code: "custom", message: messageOf(thrown), params, input: text });
      return z.NEVER;
    }
  });
}

const size = parsed(parseSize, 'a size such as "16MiB" (B KB MB GB TB KiB MiB GiB TiB)').optional();
/** How much of what is confirmed is sent again on a new connection. */
const rewind = parsed(
  (text) => text === "auto" ? text : parseSize(text),
  '"auto", or a size such as "1MiB" (B KB MB GB TB KiB MiB GiB TiB)',
).optional();
const duration = parsed(parseDuration, 'a duration such as "100ms" (ms s m h d w)').optional();
const address = parsed(parseAddress, 'an address: "host:port", "[v6]:port", ":port" or "unix:/path"').optional();
const flag = z.boolean("true or false").optional();
const text = z.string("a string").optional();

function oneOf<const T extends readonly string[]>(...words: T) {
  return z.enum(words, words.map((word) => JSON.stringify(word)).join(", ")).optional();
}

function wholeNumber(min: number, max: number) {
  const allowed = `a whole number from ${min} to ${max}`;
  return z.int(allowed).min(min, allowed).max(max, allowed);
}

/** 1 to 16 bytes of UTF-8. */
const delimiter = z.string("a string of 1 to 16 bytes")
  .transform((value) => new TextEncoder().encode(value))
  .refine((bytes) => bytes.length >= 1 && bytes.length <= 16, "a string of 1 to 16 bytes");

/** Byte values, each character's of its UTF-8; may be none. */
const byteSet = z.string("a string of at most 16 bytes")
  .transform((value) => new TextEncoder().encode(value))
  .refine((bytes) => bytes.length <= 16, "a string of at most 16 bytes");

/** A frame's size in bytes, at most 1 GiB. */
const frameSize = wholeNumber(1, 2 ** 30);

const framingTables = {
  "raw": z.strictObject({ type: z.literal("raw") }),
  "line": z.strictObject({ type: z.literal("line"), delimiter: delimiter.optional(), max_frame: size }),
  "length-prefix": z.strictObject({
    type: z.literal("length-prefix"),
    width: z.literal([1, 2, 4, 8], "1, 2, 4 or 8").optional(),
    endian: oneOf("big", "little"),
    offset: wholeNumber(0, 1024).optional(),
    includes_header: flag,
    max_frame: size,
  }),
  "octet-count": z.strictObject({ type: z.literal("octet-count"), max_frame: size }),
  "delimited": z.strictObject({
    type: z.literal("delimited"),
    start: delimiter,
    end: delimiter,
    between: byteSet.optional(),
    max_frame: size,
  }),
  "fixed": z.strictObject({ type: z.literal("fixed"), size: frameSize }),
} as const;

/** Framings that need no more than their name. */
export const FRAMING_WORDS = ["raw", "line", "octet-count"] as const;
/** All kinds of framing. */
export const FRAMING_TYPES: readonly string[] = Object.keys(framingTables);

const framing = z.union([
  z.enum(FRAMING_WORDS),
  z.discriminatedUnion("type", [
    framingTables["raw"],
    framingTables["line"],
    framingTables["length-prefix"],
    framingTables["octet-count"],
    framingTables["delimited"],
    framingTables["fixed"],
  ]),
]).optional();

const source = z.strictObject({
  listen: address,
  connect: address,
  max_connections: wholeNumber(1, 1_000_000).optional(),
  idle_timeout: duration,
  reply: text,
  tls: z.unknown().optional(),
}, "a table");

const target = z.strictObject({
  connect: address,
  listen: address,
  confirm: oneOf("written", "acked", "reply"),
  reply_framing: framing,
  reply_timeout: duration,
  reply_ok: text,
  reply_attempts: wholeNumber(1, 1000).optional(),
  window: wholeNumber(1, 65_536).optional(),
  rewind,
  replies: oneOf("discard", "forward"),
  rate: size,
  half_close: flag,
  connect_timeout: duration,
  retry_min: duration,
  retry_max: duration,
  stall_timeout: duration,
  tls: z.unknown().optional(),
}, "a table");

const journal = z.strictObject({
  dir: z.string("a path").min(1, "a path").refine((path) => !path.includes("\0"), "a path").optional(),
  mode: oneOf("overflow", "always"),
  sync: oneOf("os", "interval", "each"),
  sync_interval: duration,
  segment_bytes: size,
  max_bytes: size,
  min_free: size,
  when_full: oneOf("block", "drop-oldest", "drop-newest", "disconnect"),
  retain: duration,
  retain_bytes: size,
  create: flag,
  max_age: duration,
}, "a table");

const memory = z.strictObject({ max_bytes: size }, "a table");

const namePattern = /^[a-z0-9][a-z0-9_-]*$/;
const nameAllowed = "a name of a-z, 0-9, _ and - that begins with a letter or digit";

const route = z.strictObject({
  name: z.string(nameAllowed).regex(namePattern, nameAllowed).optional(),
  framing,
  source: source.optional(),
  target: target.optional(),
  memory: memory.optional(),
  journal: journal.optional(),
}, "a table");

const log = z.strictObject({
  level: oneOf("debug", "info", "warn", "error"),
  format: oneOf("text", "json"),
}, "a table");

/** The whole document. */
export const configSchema = z.strictObject({
  route: z.array(route, "one or more [[route]] tables").optional(),
  log: log.optional(),
  admin: z.record(z.string(), z.unknown(), "a table").optional(),
});

/** A file's values, each valid by itself; absent where the file says nothing. */
export type RawConfig = z.output<typeof configSchema>;
export type RawRoute = z.output<typeof route>;
export type RawFraming = NonNullable<RawRoute["framing"]>;

const tables: Readonly<Record<string, readonly string[]>> = {
  "": Object.keys(configSchema.shape),
  "log": Object.keys(log.shape),
  "route": Object.keys(route.shape),
  "route.source": Object.keys(source.shape),
  "route.target": Object.keys(target.shape),
  "route.memory": Object.keys(memory.shape),
  "route.journal": Object.keys(journal.shape),
};

/** The keys that the table at `path` (indexes left out, dots between) may have; undefined if that is no known table. */
export function knownKeys(table: string, framingType?: string): readonly string[] | undefined {
  if (/\.(framing|reply_framing)$/.test(table)) {
    const framing = framingTables[framingType as keyof typeof framingTables];
    return framing === undefined ? undefined : Object.keys(framing.shape);
  }
  return tables[table];
}

/** Tables in which the very key `key` would be at home. */
export function tablesWith(key: string): string[] {
  return Object.keys(tables).filter((table) => tables[table].includes(key));
}
