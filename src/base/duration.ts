/** Durations as people write and read them. */
import { parseQuantity, type QuantityKind } from "./quantity.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

const DURATION: QuantityKind = {
  name: "a duration",
  example: "100ms",
  units: { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY, w: WEEK },
  smallest: "milliseconds",
  several: true,
};

/**
 * Milliseconds of a duration such as `100ms`, `1.5h`, `1h30m`, `7d`, `0s`. Units
 * are always written, without a space, the larger one first. Throws a `SpillwayError` for anything else,
 * for a duration that is no whole number of milliseconds, and above 2^53 ms.
 */
export function parseDuration(text: string): number {
  return parseQuantity(text, DURATION);
}

/** `40ms`, `1.5s`, `2m 5s`, `3h`, `4d 1h`: the two largest units, for people; not meant to be parsed. */
export function formatDuration(ms: number): string {
  if (Math.round(ms) < SECOND) return `${Math.round(ms)}ms`;
  const tenths = Math.round(ms / 100);
  if (tenths < 600) return `${tenths / 10}s`;
  // Rounded before it is split, so that 59m 59.9s becomes 1h, not 59m 60s.
  const seconds = Math.round(ms / SECOND) * SECOND;
  if (seconds < HOUR) return inTwoUnits(seconds, MINUTE, "m", SECOND, "s");
  const minutes = Math.round(ms / MINUTE) * MINUTE;
  if (minutes < DAY) return inTwoUnits(minutes, HOUR, "h", MINUTE, "m");
  return inTwoUnits(Math.round(ms / HOUR) * HOUR, DAY, "d", HOUR, "h");
}

function inTwoUnits(ms: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const rest = (ms % large) / small;
  return `${Math.floor(ms / large)}${largeUnit}${rest > 0 ? ` ${rest}${smallUnit}` : ""}`;
}
