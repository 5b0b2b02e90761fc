/** Rules that keys have about their value alone. */
import { formatDurationExactly, formatSizeExactly } from "../format_exact.ts";
import type { Rule } from "./key.ts";

/** What setTimeout can wait for, in whole days. */
const TIMER_MAX_MS = 24 * 86_400_000;

/** A duration that something waits for, in ms. */
export function timer(minMs: number): Rule<number> {
  return {
    allows: (ms) => ms >= minMs && ms <= TIMER_MAX_MS,
    allowed: `${formatDurationExactly(minMs)} to ${formatDurationExactly(TIMER_MAX_MS)}`,
  };
}

export function zeroOrDuration(minMs: number): Rule<number> {
  return zeroOr(minMs, formatDurationExactly);
}

export function zeroOrSize(minBytes: number): Rule<number> {
  return zeroOr(minBytes, formatSizeExactly);
}

export function sizeFrom(minBytes: number): Rule<number> {
  return { allows: (bytes) => bytes >= minBytes, allowed: `at least "${formatSizeExactly(minBytes)}"` };
}

/** 0 switches it off; else at least `min`. */
function zeroOr(min: number, format: (value: number) => string): Rule<number> {
  return { allows: (value) => value === 0 || value >= min, allowed: `"${format(0)}", or ${format(min)} or more` };
}
