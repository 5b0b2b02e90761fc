/** A decimal number with a unit, as sizes and durations are written: `16MiB`, `1.5h`. Exact, or refused. */
import { SpillwayError } from "./error.ts";

export interface QuantityKind {
  /** For messages: `a size`. */
  readonly name: string;
  /** For messages: `16MiB`. */
  readonly example: string;
  /** What one of each unit is worth, in the smallest of them. */
  readonly units: Readonly<Record<string, number>>;
  /** For messages: `bytes`. */
  readonly smallest: string;
}

const LARGEST = 2 ** 53;

/**
 * The value of `text` in the kind's smallest unit, a whole number from 0 to 2^53.
 * Throws a `SpillwayError` that says what was found and what is allowed.
 */
export function parseQuantity(text: string, kind: QuantityKind): number {
  const match = /^(\d+)(?:\.(\d+))?([a-z]+)$/i.exec(text);
  if (match === null || !Object.hasOwn(kind.units, match[3])) {
    const units = Object.keys(kind.units).join(" ");
    const expected = `expected a number and one of the units ${units}, for example ${kind.example}`;
    throw refusal(text, kind, expected, "the unit is always written, right behind the number and in this spelling");
  }
  const [, whole, fraction = "", unit] = match;
  // As integers: 0.1 times 1000000 must not depend on how 0.1 is rounded.
  const scaled = BigInt(whole + fraction) * BigInt(kind.units[unit]);
  const scale = 10n ** BigInt(fraction.length);
  if (scaled % scale !== 0n) {
    throw refusal(text, kind, `it is no whole number of ${kind.smallest}`, "write fewer decimals");
  }
  const value = scaled / scale;
  if (value > BigInt(LARGEST)) throw refusal(text, kind, `it is more than ${LARGEST} ${kind.smallest}`, "write less");
  return Number(value);
}

function refusal(text: string, kind: QuantityKind, why: string, hint: string): SpillwayError {
  return new SpillwayError(`"${text}" is not ${kind.name}: ${why}`, { hint });
}
