/** A configuration as the program runs it: every default filled in, every rule checked. */
import type { LogLevel } from "../base/log.ts";
import type { RouteOptions } from "../relay/options.ts";

export interface LogSettings {
  readonly level: LogLevel;
  readonly format: "text" | "json";
}

export interface Config {
  /** The file as a message names it; `flags` if there is none. */
  readonly name: string;
  /** At least one. */
  readonly routes: readonly RouteOptions[];
  readonly log: LogSettings;
}
