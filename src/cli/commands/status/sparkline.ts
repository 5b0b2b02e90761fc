/** A figure over time as a row of bars. */

export const UNICODE_BARS = "▁▂▃▄▅▆▇█";
/** For terminals that are not UTF-8. */
export const ASCII_BARS = "_.:-=+*#";

/**
 * The last `width` values, oldest first, scaled from 0 to the largest of them. The
 * lowest bar is for 0 alone, so that the smallest rest is visible.
 */
export function sparkline(values: readonly number[], width: number, bars: string = UNICODE_BARS): string {
  const shown = width > 0 ? values.slice(-width) : [];
  const most = Math.max(...shown, 0);
  return shown.map((value) => bars[value <= 0 ? 0 : Math.ceil(value / most * (bars.length - 1))]).join("");
}
