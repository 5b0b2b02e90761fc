/**
 * The configuration's JSON Schema: every key with what it means and its
 * default, and the rules that a schema can say of one table. Dotted keys of
 * TOML are nested objects here.
 */
import * as z from "zod";
import { JSON_PARTS } from "./keys/key.ts";
import { publishedSchema } from "./schema.ts";

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

/** Draft 2020-12. */
export function configJsonSchema(): JsonSchema {
  const { $schema, description: title, ...schema } = z.toJSONSchema(publishedSchema(), {
    io: "input",
    override: ({ zodSchema, jsonSchema }) => void Object.assign(jsonSchema, JSON_PARTS.get(zodSchema)),
  }) as JsonSchema;
  return { $schema, title, ...schema, required: ["route"] };
}
