/** Points in time as commands print them. */

/** `2026-11-24T14:00:00.000250Z`: µs since 1970 in UTC, to the microsecond. */
export function isoTime(us: number): string {
  const seconds = Math.floor(us / 1e6);
  const micros = String(us - seconds * 1e6).padStart(6, "0");
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${micros}Z`;
}
