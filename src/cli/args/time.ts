/** Points in time as commands print and read them. */
import { parseDuration } from "../../base/quantity.ts";

function beforeNow(text: string, nowMs: number): number | undefined {
  try {
    return (nowMs - parseDuration(text)) * 1000;
  } catch {
    return undefined;
  }
}

function byClock(text: string, nowMs: number): number | undefined {
  const parts = BY_CLOCK.exec(text);
  if (text === "" || parts === null) return undefined;
  const [, day, hours = "00", minutes = "00", seconds = "00"] = parts;
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  const now = new Date(nowMs);
  const at = (daysAgo: number) =>
    new Date(
      now.getFullYear(),
      now.getMonth(),
      now.getDate() - daysAgo,
      Number(hours),
      Number(minutes),
      Number(seconds),
    ).getTime();
  const ms = day === "yesterday" || day === undefined && at(0) > nowMs ? at(1) : at(0);
  return ms * 1000;
}

/** The last day that a Date can hold, in the year 275760. */
const DATE_MS_MAX = 8.64e15;

/** `2026-11-24T14:00:00.000250Z`: µs since 1970 in UTC, to the microsecond. */
export function isoTime(us: number): string {
  const seconds = Math.floor(us / 1e6);
  const micros = String(us - seconds * 1e6).padStart(6, "0");
  const date = new Date(Math.min(seconds * 1000, DATE_MS_MAX));
  return `${date.toISOString().slice(0, -".000Z".length)}.${micros}Z`;
}

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d+))?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/;

/** `08:12`, `yesterday`, `yesterday 08:12`. */
const BY_CLOCK = /^(?:(today|yesterday)(?:[T ](?=\d)|$))?(?:(\d\d):(\d\d)(?::(\d\d))?)?$/;

/**
 * µs since 1970 of a point in time: ISO 8601, a time of day (the last time that
 * clocks showed it), `today` or `yesterday` (their beginning, or a time of day
 * of theirs), or a duration back from `nowMs`; undefined for anything else.
 * Without a zone it is local time, a day alone too, which for Date would be UTC.
 * Microseconds are read as they are printed; otherwise a time that was copied
 * from a listing would not select its own frame.
 */
export function parseTime(text: string, nowMs: number): number | undefined {
  const parts = ISO.exec(text);
  if (parts === null) return byClock(text, nowMs) ?? beforeNow(text, nowMs);
  const [, year, month, day, minutes = "00:00", seconds = "00", fraction = "", zone = ""] = parts;
  // Date takes the 30th of February for a day in March.
  if (Number(day) > new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()) return undefined;
  // Date knows no zone of hours alone.
  const offset = zone.length === "+hh".length ? `${zone}:00` : zone;
  const ms = Date.parse(`${year}-${month}-${day}T${minutes}:${seconds}${offset}`);
  return Number.isNaN(ms) ? undefined : ms * 1000 + Number(fraction.slice(0, 6).padEnd(6, "0"));
}
