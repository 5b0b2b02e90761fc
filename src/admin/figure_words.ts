/** Figures as people read them: at most four characters of number, a space, a unit. Binary units, as in `status`. */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** `1.2 GiB`; three digits at most before the unit changes. */
export function sizeWords(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // What would be shown as 1000 belongs to the next unit.
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 9.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** `1.2 MiB/s`; a dash where it is not known. */
export function rateWords(bytesPerSecond: number | null): string {
  return bytesPerSecond === null ? "–" : `${sizeWords(bytesPerSecond)}/s`;
}

/** `3 m 12 s`, `2 h`, `4 d 3 h`: two units at most, the second left out where it is 0. Below a second `0.3 s`. */
export function durationWords(seconds: number): string {
  if (seconds > 0 && seconds < 0.95) return `${Math.max(0.1, seconds).toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return pair(Math.floor(whole / 60), "m", whole % 60, "s");
  if (whole < 86_400) return pair(Math.floor(whole / 3600), "h", Math.floor(whole % 3600 / 60), "m");
  return pair(Math.floor(whole / 86_400), "d", Math.floor(whole % 86_400 / 3600), "h");
}

/** A latency: `240 µs`, `3.1 ms`, `1.2 s`; a dash where it is not known. */
export function latencyWords(seconds: number | null): string {
  if (seconds === null) return "–";
  if (seconds < 0.0009995) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 0.9995) return `${short(seconds * 1e3)} ms`;
  return seconds < 60 ? `${short(seconds)} s` : durationWords(seconds);
}

/** `1,234,567` in every locale; a dash where it is not known. */
export function countWords(count: number | null): string {
  return count === null ? "–" : count.toLocaleString("en-US");
}

function short(value: number): string {
  return value.toFixed(value < 9.95 ? 1 : 0);
}

function pair(large: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`;
}
