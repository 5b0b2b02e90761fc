/** Durations that something waits for. */
import { formatDurationExactly } from "./exact.ts";
import type { KeyPath } from "./problem.ts";
import type { RouteScope } from "./scope.ts";

/** What setTimeout can wait for, in whole days. */
const TIMER_MAX_MS = 24 * 86_400_000;

/** The duration given or `otherwise`, in ms; one below `min` or too long for a timer is refused. */
export function timer(
  given: number | undefined,
  otherwise: number,
  min: number,
  path: KeyPath,
  scope: RouteScope,
): number {
  const value = given ?? otherwise;
  if (value < min || value > TIMER_MAX_MS) {
    scope.refuse(path, `${formatDurationExactly(min)} to ${formatDurationExactly(TIMER_MAX_MS)}`);
  }
  return value;
}
