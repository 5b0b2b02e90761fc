/** A configuration as the program runs it: every default filled in, every rule checked. */
import type { LogLevel } from "../base/log.ts";
import type { RouteOptions } from "../relay/options.ts";
import type { Address } from "../runtime/net.ts";

export interface LogSettings {
  readonly level: LogLevel;
  readonly format: "text" | "json";
}

export interface AdminSettings {
  /** Where HTTP is answered; undefined: nowhere. */
  readonly listen: Address | undefined;
  /** The name or the number of the group that may use the control sockets; undefined: none. */
  readonly controlGroup: string | undefined;
}

export interface Config {
  /** The file as a message names it; `flags` if there is none. */
  readonly name: string;
  /** At least one. */
  readonly routes: readonly RouteOptions[];
  readonly admin: AdminSettings;
  readonly log: LogSettings;
}
