/** What resolving one route needs to know of the rest of the configuration. */
import type { KeyPath } from "./problem.ts";

export interface RouteScope {
  /** The directory that relative paths are relative to. */
  readonly directory: string;
  /** Reports the value at `path` below the route as not allowed. */
  refuse(path: KeyPath, allowed: string, hint?: string): void;
  /** True if the value at `path` below the route has a problem already. */
  isBroken(...path: KeyPath): boolean;
}
