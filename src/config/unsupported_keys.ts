/** Refuses the keys that a later version has: a key that is silently ignored is a promise broken. */
import { CONFIG } from "./keys/config.ts";
import type { Table } from "./keys/key.ts";
import type { KeyPath } from "./problem.ts";
import type { RawConfig } from "./schema.ts";

/** Calls `refuse`, with what to do until then, for every key of the file that this version does not have. */
export function refuseUnsupportedKeys(config: RawConfig, refuse: (path: KeyPath, hint: string) => void): void {
  const visit = ({ keys }: Table, values: object, path: KeyPath) => {
    for (const [name, value] of Object.entries(values)) {
      const entry = keys[name];
      const inside = [...path, name];
      if (value === undefined) continue;
      if (!("keys" in entry)) {
        if (entry.unsupported !== undefined) refuse(inside, entry.unsupported);
      } else if (entry.repeated) value.forEach((table: object, i: number) => visit(entry, table, [...inside, i]));
      else visit(entry, value, inside);
    }
  };
  visit(CONFIG, config, []);
}
