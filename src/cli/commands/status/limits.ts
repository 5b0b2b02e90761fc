/** The limits that `status --check` judges by, as the command line has them. */
import { SpillwayError, usageError } from "../../../base/error.ts";
import { parseDuration, parseSize } from "../../../base/quantity.ts";
import type { Flag, Invocation } from "../../command.ts";

/** A limit in frames or in bytes, whichever the user counts in. */
export interface Amount {
  readonly unit: "frames" | "bytes";
  readonly value: number;
}

/** Each is for every route by itself; undefined: no limit. Ages and times are in seconds. */
export interface Limits {
  readonly pending: Amount | undefined;
  readonly ageSeconds: number | undefined;
  readonly heldUpSeconds: number;
  /** Since the daemon started. */
  readonly dropped: Amount | undefined;
}

/** Short waits for memory are how reading is paced. */
const HELD_UP = "1s";

export const LIMIT_FLAGS: readonly Flag[] = [
  { name: "max-pending", value: "LIMIT", description: "with --check: what may be pending: 500MB, or 10000 frames" },
  { name: "max-age", value: "TIME", description: "with --check: how long a frame may be pending: 5m" },
  {
    name: "max-held-up",
    value: "TIME",
    description: `with --check: how long a producer may wait to be read. Default: ${HELD_UP}`,
  },
  { name: "max-dropped", value: "LIMIT", description: "with --check: what may have been dropped since the start: 0" },
];

/** Throws a SpillwayError (exit 2) that names the flag. */
export function limitsOf({ values }: Invocation): Limits {
  return {
    pending: amountOf(values, "max-pending"),
    ageSeconds: secondsOf(values, "max-age"),
    heldUpSeconds: secondsOf({ "max-held-up": HELD_UP, ...values }, "max-held-up")!,
    dropped: amountOf(values, "max-dropped"),
  };
}

/** Frames are a bare number: a size always has a unit. */
function amountOf(values: Invocation["values"], flag: string): Amount | undefined {
  const text = values[flag];
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return { unit: "frames", value: Number(text) };
  return { unit: "bytes", value: parsed(flag, text, parseSize) };
}

function secondsOf(values: Invocation["values"], flag: string): number | undefined {
  const text = values[flag];
  return text === undefined ? undefined : parsed(flag, text, parseDuration) / 1000;
}

function parsed(flag: string, text: string, parse: (text: string) => number): number {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof SpillwayError) throw usageError(`--${flag}: ${error.message}`, error.hint);
    throw error;
  }
}
