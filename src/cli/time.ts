/** Points in time as commands print and read them. */
import { parseDuration } from "../base/duration.ts";

/** The last day that a Date knows, in the year 275760; a clock that is later than that is wrong anyway. */
const DATE_MS_MAX = 8.64e15;

/** `2026-11-24T14:00:00.000250Z`: µs since 1970 in UTC, to the microsecond. */
export function isoTime(us: number): string {
  const seconds = Math.floor(us / 1e6);
  const micros = String(us - seconds * 1e6).padStart(6, "0");
  const date = new Date(Math.min(seconds * 1000, DATE_MS_MAX));
  return `${date.toISOString().slice(0, -".000Z".length)}.${micros}Z`;
}

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d+))?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/;

/**
 * µs since 1970 of a point in time, ISO 8601 or a duration back from `nowMs`;
 * undefined for anything else. Without a zone it is local time, a day alone
 * too, which for Date would be UTC. What is printed to the microsecond is read
 * so, or a time that was copied from a listing would miss its own frame.
 */
export function parseTime(text: string, nowMs: number): number | undefined {
  const parts = ISO.exec(text);
  if (parts === null) {
    try {
      return (nowMs - parseDuration(text)) * 1000;
    } catch {
      return undefined;
    }
  }
  const [, year, month, day, minutes = "00:00", seconds = "00", fraction = "", zone = ""] = parts;
  // Date takes the 30th of February for a day in March.
  if (Number(day) > new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()) return undefined;
  // Date knows no zone of hours alone.
  const offset = zone.length === "+hh".length ? `${zone}:00` : zone;
  const ms = Date.parse(`${year}-${month}-${day}T${minutes}:${seconds}${offset}`);
  return Number.isNaN(ms) ? undefined : ms * 1000 + Number(fraction.slice(0, 6).padEnd(6, "0"));
}
