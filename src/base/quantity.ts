/**
 * Sizes and durations as users write and read them: `16MiB`, `1h30m`. What is
 * read is exact, or refused; what is shown is rounded.
 */
import { SpillwayError } from "./error.ts";

interface QuantityKind {
  /** For messages: `a size`. */
  readonly name: string;
  /** For messages: `16MiB`. */
  readonly example: string;
  /** The value of each unit, in the smallest one. */
  readonly units: Readonly<Record<string, number>>;
  /** For messages: `bytes`. */
  readonly smallest: string;
  /** May several follow each other, the larger unit first: `1h30m`? */
  readonly several?: true;
}

const LARGEST = 2 ** 53;

const HINT = "the unit is always written, right behind the number and in this spelling";

/** A number with its unit: whole part, decimals, unit. */
const PART = /(\d+)(?:\.(\d+))?([a-z]+)/gi;

/**
 * The value of `text` in the kind's smallest unit, a whole number from 0 to 2^53.
 * Throws a `SpillwayError` that says what was found and what is allowed.
 */
function parseQuantity(text: string, kind: QuantityKind): number {
  const parts = [...text.matchAll(PART)];
  if (!isWellFormed(text, parts, kind)) {
    const units = Object.keys(kind.units).join(" ");
    const expected = `expected a number and one of the units ${units}, for example ${kind.example}`;
    throw refusal(text, kind, expected, meant(text, parts, kind) ?? HINT);
  }
  let sum = 0n;
  for (const [, whole, fraction = "", unit] of parts) {
    // As integers: 0.1 times 1000000 must not depend on how 0.1 is rounded.
    const scaled = BigInt(whole + fraction) * BigInt(kind.units[unit]);
    const scale = 10n ** BigInt(fraction.length);
    if (scaled % scale !== 0n) {
      throw refusal(text, kind, `it is no whole number of ${kind.smallest}`, "write fewer decimals");
    }
    sum += scaled / scale;
  }
  if (sum > BigInt(LARGEST)) throw refusal(text, kind, `it is more than ${LARGEST} ${kind.smallest}`, "write less");
  return Number(sum);
}

function isWellFormed(text: string, parts: readonly RegExpExecArray[], { units, several }: QuantityKind): boolean {
  if (parts.length === 0 || parts.length > 1 && !several || parts.map(([part]) => part).join("") !== text) return false;
  if (!parts.every(([, , , unit]) => Object.hasOwn(units, unit))) return false;
  return parts.every(([, , , unit], i) => i === 0 || units[unit] < units[parts[i - 1][3]]);
}

/** The hint that names what was probably meant: `16MiB` for `16M`; undefined if that is not clear. */
function meant(text: string, parts: readonly RegExpExecArray[], { units }: QuantityKind): string | undefined {
  if (parts.length !== 1 || parts[0][0] !== text) return undefined;
  const found = parts[0][3];
  const likely = likelyUnits(found.toLowerCase(), Object.keys(units));
  const written = likely.map((unit) => `"${text.slice(0, -found.length)}${unit}"`);
  return written.length === 0 ? undefined : `did you mean ${written.join(" or ")}?`;
}

/** Units that differ in case alone, else those that begin with `found` (`M`), else those that it spells out (`min`). */
function likelyUnits(found: string, units: readonly string[]): string[] {
  const same = units.filter((unit) => unit.toLowerCase() === found);
  if (same.length > 0) return same;
  const longer = units.filter((unit) => unit.toLowerCase().startsWith(found));
  // KiB before KB: powers of two are what is usually meant.
  if (longer.length > 0) return longer.sort((a, b) => b.length - a.length);
  return units.filter((unit) => unit.length === 1 && found.startsWith(unit.toLowerCase()));
}

function refusal(text: string, kind: QuantityKind, why: string, hint: string): SpillwayError {
  return new SpillwayError(`"${text}" is not ${kind.name}: ${why}`, { hint });
}

const SIZE: QuantityKind = {
  name: "a size",
  example: "16MiB",
  units: { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 },
  smallest: "bytes",
};

/**
 * Bytes of a size such as `16MiB`, `1.5GiB`, `0B`; KB is 1000 bytes, KiB 1024.
 * The unit is always written, without a space, in this spelling. Throws a
 * `SpillwayError` for anything else, for a size that is no whole number of
 * bytes, and above 2^53 bytes.
 */
export function parseSize(text: string): number {
  return parseQuantity(text, SIZE);
}

const SHOWN = ["KiB", "MiB", "GiB", "TiB", "PiB"];

/** `512B`, `1.5KiB`, `16MiB`, `2.3TiB`: rounded to one decimal, for people; not meant to be parsed. */
export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)}B`;
  let shown = bytes / 1024;
  let unit = 0;
  // 1023.95 would be rounded to 1024.
  while (shown >= 1023.95 && unit < SHOWN.length - 1) {
    shown /= 1024;
    unit++;
  }
  return `${Math.round(shown * 10) / 10}${SHOWN[unit]}`;
}

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
