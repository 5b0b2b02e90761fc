/** From the values of a table's keys to the options that they set by themselves. */
import { defaultOf, type Entries, type FileValue, type Key, type RawTable } from "./keys/key.ts";
import type { ValueType } from "./keys/value_types.ts";
import type { KeyPath } from "./problem.ts";
import type { RouteScope } from "./scope.ts";

/** The options by their names. One whose key has no default is undefined where the file leaves it out. */
export type OptionsOf<K> = {
  -readonly [P in keyof K as K[P] extends { readonly option: infer O extends string } ? O : never]: K[P] extends
    { readonly type: ValueType<infer Raw, infer _> }
    ? K[P] extends { readonly default: FileValue } ? Raw : Raw | undefined
    : never;
};

/** Takes the value that is given or the default, and reports one that breaks a rule of its key. `path` is the table's. */
export function optionsOf<K extends Entries>(
  keys: K,
  given: RawTable<K> | undefined,
  path: KeyPath,
  scope: Pick<RouteScope, "refuse">,
): OptionsOf<K> {
  const options: Record<string, unknown> = {};
  for (const [name, entry] of Object.entries(keys)) {
    if (!("option" in entry) || entry.option === undefined) continue;
    const value = given?.[name] ??
      (entry.default === undefined ? undefined : defaultOf({ ...entry, default: entry.default }));
    if (value !== undefined) checkRules(entry, value, [...path, name], scope);
    options[entry.option] = value;
  }
  return options as OptionsOf<K>;
}

/** The value that is given or the default, held to the key's rules. */
export function valueOf<Raw>(
  entry: Pick<Key<Raw>, "type" | "rules"> & { readonly default: FileValue },
  given: Raw | undefined,
  path: KeyPath,
  scope: Pick<RouteScope, "refuse">,
): Raw {
  const value = given ?? defaultOf(entry);
  checkRules(entry, value, path, scope);
  return value;
}

function checkRules<Raw>(
  { rules }: Pick<Key<Raw>, "rules">,
  value: Raw,
  path: KeyPath,
  scope: Pick<RouteScope, "refuse">,
): void {
  const broken = rules?.find((rule) => !rule.allows(value));
  if (broken !== undefined) scope.refuse(path, broken.allowed);
}
