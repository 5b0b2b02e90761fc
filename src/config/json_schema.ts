/**
 * The configuration's JSON Schema: what schema.ts accepts, with what each key
 * means and its default, and the rules that a schema can say of one table.
 * Dotted keys of TOML are nested objects here.
 */
import * as z from "zod";
import { KEYS, type KeyText } from "./key_texts.ts";
import { configSchema } from "./schema.ts";

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

/** What a string of each kind looks like; the program reads it more strictly. */
const PATTERNS: Readonly<Record<NonNullable<KeyText["kind"]>, object>> = {
  size: { pattern: "^[0-9]+(\\.[0-9]+)?(B|KB|MB|GB|KiB|MiB|GiB)$", examples: ["16MiB"] },
  rewind: { pattern: "^(auto|[0-9]+(\\.[0-9]+)?(B|KB|MB|GB|KiB|MiB|GiB))$", examples: ["auto", "1MiB"] },
  duration: { pattern: "^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$", examples: ["100ms"] },
  address: {
    pattern:
      "^(unix:/[^\\x00]*[^/\\x00]|\\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%[A-Za-z0-9_.-]+)?\\]:[0-9]{1,5}|[^\\[\\]:/\\s]*:[0-9]{1,5})$",
    examples: ["0.0.0.0:9000", "[::1]:9000", ":9000", "unix:/run/a.sock"],
  },
  delimiter: { minLength: 1, maxLength: 16 },
};

/** Draft 2020-12. */
export function configJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(configSchema, { io: "input" }) as JsonSchema;
  describe(schema, "");
  const route = schema.properties!.route;
  Object.assign(route, { minItems: 1 });
  route.items!.required = ["name", "source", "target"];
  for (const side of ["source", "target"]) {
    route.items!.properties![side].oneOf = [{ required: ["listen"] }, { required: ["connect"] }];
  }
  return {
    $schema: schema.$schema,
    title: "Spillway's configuration",
    ...schema,
    required: ["route"],
  };
}

/** Adds texts, kinds and defaults below `path`; takes out the keys that come with later versions. */
function describe(schema: JsonSchema, path: string): void {
  for (const each of [...schema.anyOf ?? [], ...schema.oneOf ?? []]) describe(each, path);
  if (schema.items !== undefined) describe(schema.items, path);
  for (const [key, value] of Object.entries(schema.properties ?? {})) {
    const inside = path === "" ? key : `${path}.${key}`;
    const text = KEYS[textPath(inside)];
    if (text === undefined) {
      delete schema.properties![key];
      continue;
    }
    describe(value, inside);
    value.description = text.says;
    if (text.kind !== undefined) Object.assign(value, PATTERNS[text.kind]);
    if (text.default !== undefined) value.default = text.default;
  }
}

/** The framing of answers has the keys of any framing. */
function textPath(path: string): string {
  return path.replace(/^route\.target\.reply_framing\./, "route.framing.");
}
