/** Spillway's configuration as a test writes it down: nested objects, turned into TOML. */

/** Nested keys of one route or of the file's head. */
export interface ConfigTable {
  readonly [key: string]: string | number | boolean | readonly string[] | ConfigTable;
}

export interface SpillwayConfig {
  /** Keys before the routes; logs are JSON unless it says otherwise. */
  readonly head?: ConfigTable;
  readonly routes: readonly ConfigTable[];
}

export function toToml(config: SpillwayConfig): string {
  const head = dotted({ log: { format: "json", level: "debug" }, ...config.head });
  return [...head, ...config.routes.flatMap((route) => ["", "[[route]]", ...dotted(route)]), ""].join("\n");
}

function dotted(table: ConfigTable, prefix = ""): string[] {
  return Object.entries(table).flatMap(([key, value]) =>
    isTable(value) ? dotted(value, `${prefix}${key}.`) : [`${prefix}${key} = ${JSON.stringify(value)}`]
  );
}

export function isTable(value: ConfigTable[string] | undefined): value is ConfigTable {
  return typeof value === "object" && !Array.isArray(value);
}
