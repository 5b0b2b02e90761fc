/** The selection flags of `cat` and `replay`: which frames of a journal. */
import { parseDuration } from "../base/duration.ts";
import { EXIT, SpillwayError } from "../base/error.ts";
import type { Selection } from "../journal/passages.ts";
import type { Flag, Invocation } from "./command.ts";

export const SELECTION_FLAGS: readonly Flag[] = [
  { name: "from", value: "SEQ", says: "from this sequence on" },
  { name: "until", value: "SEQ", says: "up to this sequence, without it" },
  { name: "since", value: "TIME", says: "what arrived at TIME or later: ISO 8601, or back from now (2h)" },
  { name: "before", value: "TIME", says: "what arrived before TIME" },
  { name: "limit", value: "N", says: "at most N frames" },
  { name: "pending", says: "only what is not delivered yet" },
];

/** Throws a SpillwayError (exit 2) that names the flag. `nowMs` is the wall clock, in ms since 1970. */
export function selectionOf({ values, switches }: Invocation, nowMs: number): Selection {
  const selection: Selection = {
    from: count(values, "from"),
    until: count(values, "until"),
    sinceUs: time(values, "since", nowMs),
    beforeUs: time(values, "before", nowMs),
    limit: count(values, "limit"),
    pending: switches.has("pending"),
  };
  const { from = 0, until = Number.POSITIVE_INFINITY, sinceUs = 0, beforeUs = Number.POSITIVE_INFINITY } = selection;
  if (from >= until) throw usage(`--from ${from} is not before --until ${until}`, "nothing lies between them");
  if (sinceUs >= beforeUs) {
    throw usage(`--since ${values.since} is not before --before ${values.before}`, "nothing lies between them");
  }
  return selection;
}

function count(values: Invocation["values"], flag: string): number | undefined {
  const text = values[flag];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw usage(
    `--${flag}: "${text}" is not a whole number from 0 on`,
    "spillway ls shows the sequences of each segment",
  );
}

const DAY_LENGTH = "2026-11-24".length;
const ISO = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;

function time(values: Invocation["values"], flag: string, nowMs: number): number | undefined {
  const text = values[flag];
  if (text === undefined) return undefined;
  if (ISO.test(text)) {
    // A day alone would be one of UTC to Date, unlike a time without a zone.
    const ms = Date.parse(text.length === DAY_LENGTH ? `${text}T00:00` : text);
    if (!Number.isNaN(ms)) return ms * 1000;
  }
  try {
    return (nowMs - parseDuration(text)) * 1000;
  } catch {
    const hint =
      "ISO 8601, for example 2026-11-24T14:00:00Z (local time without the Z), or a duration back from now: 2h";
    throw usage(`--${flag}: "${text}" is not a time`, hint);
  }
}

function usage(message: string, hint: string): SpillwayError {
  return new SpillwayError(message, { hint, exit: EXIT.usage });
}
