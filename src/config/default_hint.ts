/** What to do about a refused value whose problem has no hint of its own: no problem is printed without one. */
import { keyAt, tableAt } from "./keys/lookup.ts";
import { describeValue, type KeyPath } from "./problem.ts";

export function hintFor(path: KeyPath): string {
  if (path.length === 1 && path[0] === "route") return "a route begins with [[route]], in double brackets";
  const usual = keyAt(path)?.default;
  if (usual !== undefined) return `leave it out for the default, ${describeValue(usual)}`;
  const table = tableAt(path);
  if (table !== undefined) return `its keys are ${Object.keys(table).join(", ")}`;
  return "spillway init config prints every key and what it means";
}
