/** What to do about a value that is refused, where its problem does not know better: no problem is without a hint. */
import { KEYS } from "./key_texts.ts";
import { describeValue, type KeyPath } from "./problem.ts";
import { knownKeys } from "./schema.ts";

export function hintFor(path: KeyPath): string {
  if (path.length === 1 && path[0] === "route") return "a route begins with [[route]], in double brackets";
  const key = path.filter((part) => typeof part === "string").join(".");
  const byDefault = KEYS[key]?.default;
  if (byDefault !== undefined) return `leave it out for the default, ${describeValue(byDefault)}`;
  const keys = knownKeys(key);
  if (keys !== undefined) return `its keys are ${keys.join(", ")}`;
  return "spillway init config prints every key and what it means";
}
