/** Sizes and durations written so that reading them back gives the very same number. */

const SIZES = [["GiB", 2 ** 30], ["GB", 1e9], ["MiB", 2 ** 20], ["MB", 1e6], ["KiB", 1024], ["KB", 1000]] as const;
const DURATIONS = [["d", 86_400_000], ["h", 3_600_000], ["m", 60_000], ["s", 1000]] as const;

/** `16MiB`; the largest unit that divides it. */
export function formatSizeExactly(bytes: number): string {
  return inUnits(bytes, SIZES, "B");
}

/** `1500ms`; the largest unit that divides it. */
export function formatDurationExactly(ms: number): string {
  return ms === 0 ? "0s" : inUnits(ms, DURATIONS, "ms");
}

function inUnits(value: number, units: readonly (readonly [string, number])[], smallest: string): string {
  const unit = units.find(([, factor]) => value >= factor && value % factor === 0);
  return unit === undefined ? `${value}${smallest}` : `${value / unit[1]}${unit[0]}`;
}
