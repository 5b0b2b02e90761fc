/** The selection flags of `cat` and `replay`: which frames of a journal. */
import { usageError } from "../../base/error.ts";
import type { Selection } from "../../journal/archive.ts";
import type { Flag, Invocation } from "../command.ts";
import { parseTime } from "./time.ts";

export const SELECTION_FLAGS: readonly Flag[] = [
  { name: "from", value: "SEQ", description: "from this sequence on" },
  { name: "until", value: "SEQ", description: "up to this sequence, without it" },
  {
    name: "since",
    value: "TIME",
    description: "what arrived at TIME or later: ISO 8601, 08:12, yesterday, or back from now (1h30m)",
  },
  { name: "before", value: "TIME", description: "what arrived before TIME" },
  { name: "limit", value: "N", description: "at most N frames" },
  { name: "pending", description: "only what is not delivered yet" },
];

/** Throws a SpillwayError (exit 2) that names the flag. `nowMs` is the wall clock, in ms since 1970. */
export function selectionOf({ values, switches }: Invocation, nowMs: number): Selection {
  const selection: Selection = {
    from: sequenceOf(values, "from"),
    until: sequenceOf(values, "until"),
    sinceUs: timeOf(values, "since", nowMs),
    beforeUs: timeOf(values, "before", nowMs),
    limit: wholeNumber(values, "limit", "for example --limit 10"),
    pending: switches.has("pending"),
  };
  const { from, until, sinceUs, beforeUs } = selection;
  if (from !== undefined && until !== undefined && from >= until) {
    throw usageError(
      `--from ${from} is not before --until ${until}`,
      "--until is the first frame that is not wanted: give it a larger number",
    );
  }
  if (sinceUs !== undefined && beforeUs !== undefined && sinceUs >= beforeUs) {
    throw usageError(
      `--since ${values.since} is not before --before ${values.before}`,
      "--before has to be the later one; of two durations back from now that is the shorter one",
    );
  }
  return selection;
}

/** A sequence given with `flag`; undefined without it. Throws a SpillwayError (exit 2). */
export function sequenceOf(values: Invocation["values"], flag: string): number | undefined {
  return wholeNumber(values, flag, "spillway ls shows the sequences of each segment");
}

function wholeNumber(values: Invocation["values"], flag: string, hint: string): number | undefined {
  const text = values[flag];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw usageError(`--${flag}: "${text}" is not a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`, hint);
}

/** A point in time given with `flag`, µs since 1970; undefined without it. Throws a SpillwayError (exit 2). */
export function timeOf(values: Invocation["values"], flag: string, nowMs: number): number | undefined {
  const text = values[flag];
  if (text === undefined) return undefined;
  const us = parseTime(text, nowMs);
  if (us !== undefined) return us;
  throw usageError(
    `--${flag}: "${text}" is not a time`,
    "ISO 8601, for example 2026-11-24T14:00:00Z (local time without the Z), 08:12, yesterday, or back from now: 2h",
  );
}
