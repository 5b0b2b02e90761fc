/**
 * The schema of a file, made from the table of its keys: each value by itself.
 * What keys mean together is the business of route.ts.
 *
 * Every key may be absent here, and every value that is not a table has a
 * message that completes "found X, allowed: …".
 */
import * as z from "zod";
import { CONFIG, type ROUTE } from "./keys/config.ts";
import { type Entry, JSON_PARTS, type RawOf, type RawTable, type Table, valueSchema } from "./keys/key.ts";

/** A file's values, each valid by itself; absent where the file says nothing. */
export type RawConfig = RawOf<typeof CONFIG>;
export type RawRoute = RawTable<typeof ROUTE>;

/** Also accepts the keys of later versions, which are refused with a message of their own. */
export const configSchema = schemaOf(CONFIG, () => true) as z.ZodType<RawConfig>;

/** As far as it is used here. */
export interface JsonSchema {
  type?: string;
  description?: string;
  default?: unknown;
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  required?: string[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  [keyword: string]: unknown;
}

/**
 * The JSON Schema (draft 2020-12) of the keys that this version has, with what
 * each means and its default. Dotted keys of TOML are nested objects in it.
 */
export function configJsonSchema(): JsonSchema {
  const { $schema, description: title, ...schema } = z.toJSONSchema(
    schemaOf(CONFIG, (entry) => "keys" in entry || entry.unsupported === undefined),
    {
      io: "input",
      override: ({ zodSchema, jsonSchema }) => void Object.assign(jsonSchema, JSON_PARTS.get(zodSchema)),
    },
  ) as JsonSchema;
  return { $schema, title, ...schema, required: ["route"] };
}

function schemaOf({ keys, repeated, description, json }: Table, isIncluded: (entry: Entry) => boolean): z.ZodType {
  const shape = Object.entries(keys).filter(([, entry]) => isIncluded(entry)).map(([name, entry]) => {
    return [name, "keys" in entry ? schemaOf(entry, isIncluded).optional() : valueSchema(entry)];
  });
  const table = z.strictObject(Object.fromEntries(shape), "a table");
  if (!repeated) return table.register(JSON_PARTS, { description, ...json });
  const list = z.array(table.register(JSON_PARTS, { ...json }), "one or more [[route]] tables");
  return list.register(JSON_PARTS, { description, minItems: 1 });
}
