/**
 * `skip`: the operator drops what is pending below a sequence. `max_age` drops
 * frames that are too old in the same way.
 *
 * While it is counted nothing new is handed to the target, so that what is
 * counted is what is dropped; if it cannot be counted nothing has changed.
 * Frames that have been handed out stay in flight: if they are confirmed they
 * count as delivered, if their connection is lost they are not sent again and
 * count as dropped. Their files stay until then: the cursor passes nothing that
 * is in flight.
 */
import { usageError } from "../base/error.ts";
import type { DropReason, Ledger, Tally } from "../base/ledger.ts";
import type { Log } from "../base/log.ts";
import type { Backlog } from "./backlog.ts";
import type { Dropped, SequenceRange } from "./dropped.ts";
import type { InFlight, InFlightPart } from "./in_flight.ts";
import type { Positions } from "./positions.ts";
import type { Rewind } from "./rewind.ts";

export interface SkipOptions {
  /** Only tells what would be dropped. Default: false. */
  readonly preview?: boolean;
  /** Default: `operator`. */
  readonly reason?: Extract<DropReason, "operator" | "expired">;
}

/** What was dropped of [from, until). */
export interface SkippedFrames extends SequenceRange, Readonly<Tally> {
  /** Frames before `until` that are in flight, and may still be delivered. */
  readonly inFlight: number;
  /** Delivered frames before `from` that the consumer's program may not have read: they are not sent again either. */
  readonly unreadFrames: number;
}

export interface SkipParts {
  readonly positions: Positions;
  readonly dropped: Dropped;
  readonly rewind: Rewind;
  readonly backlog: Backlog;
  readonly inFlight: () => InFlight;
  readonly ledger: Ledger;
  readonly log: Log;
}

/**
 * Drops what is pending below `until`, at most the sequence of the next frame to
 * be received. Rejects with a `SpillwayError` beyond that, with a `SystemError`
 * if the journal cannot be read to count it; then all is as before.
 */
export async function skipUntil(
  parts: SkipParts,
  until: number,
  { preview = false, reason = "operator" }: SkipOptions,
): Promise<SkippedFrames> {
  const { positions, dropped } = parts;
  const { end, confirmed } = positions;
  if (until > end) {
    throw usageError(
      `skip: found --until ${until}, the next frame to be received is ${end}`,
      `--until ${end} gives up everything that is pending now`,
    );
  }
  // Nothing below is pending, and what is kept there for `rewind` stays.
  if (until <= confirmed) return { from: until, until, frames: 0, bytes: 0, inFlight: 0, unreadFrames: 0 };
  dropped.pause();
  try {
    return await whenCounted(parts, until, (count) => preview ? foretold(parts, count) : drop(parts, count, reason));
  } finally {
    dropped.resume();
  }
}

interface Count extends SequenceRange, Tally {
  /** The part in flight that `until` divides, and what of it is below; undefined if there is none. */
  readonly divided: ({ readonly part: InFlightPart } & Readonly<Tally>) | undefined;
}

/**
 * Counts what is neither delivered nor in flight below `until`: again, where that
 * has changed meanwhile. `use` is called in the same turn, while the count is
 * true: a moment later `drop-oldest` may have counted some of it as dropped.
 */
async function whenCounted(
  parts: SkipParts,
  wanted: number,
  use: (count: Count) => SkippedFrames,
): Promise<SkippedFrames> {
  for (;;) {
    const before = momentOf(parts, wanted);
    const { from, until, part, first } = before;
    const count = await parts.backlog.count(from, until);
    const divided = part === undefined ? undefined : { part, ...await parts.backlog.count(first!, until) };
    const after = momentOf(parts, wanted);
    const isSame = from === after.from && until === after.until && part === after.part && first === after.first &&
      before.droppedFrames === after.droppedFrames;
    if (isSame) return use({ from, until, ...count, divided });
  }
}

/**
 * What the count depends on, and may change under it: a connection is lost, a
 * part of what is in flight is confirmed, …
 */
function momentOf({ positions, inFlight, ledger }: SkipParts, wanted: number) {
  // Where `drop-newest` has taken frames back, their sequences are free for others.
  const until = Math.min(wanted, positions.end);
  const part = inFlight().partAround(until);
  return {
    until,
    from: Math.min(until, positions.sent),
    part,
    first: part?.first,
    // What a reader that runs ahead reports as damaged, and what a policy takes back out of memory.
    droppedFrames: ledger.droppedTotal().frames,
  };
}

/** What `drop` would return. */
function foretold(parts: SkipParts, { from, until, frames, bytes, divided }: Count): SkippedFrames {
  const { confirmed } = parts.positions;
  const below = parts.inFlight().between(confirmed, until).frames;
  const isDivided = divided !== undefined && divided.part.first >= confirmed;
  const inFlight = isDivided ? below - divided.part.frames + divided.frames : below;
  return { from, until, frames, bytes, inFlight, unreadFrames: unreadBefore(parts, from, until) };
}

/** Where all frames are in flight they may still be delivered: then what is before them is sent again as ever. */
function unreadBefore({ positions, rewind }: SkipParts, from: number, until: number): number {
  return from < until ? positions.confirmed - rewind.unreadFrom() : 0;
}

function drop(parts: SkipParts, count: Count, reason: DropReason): SkippedFrames {
  const { from, until, frames, bytes, divided } = count;
  const unreadFrames = unreadBefore(parts, from, until);
  if (divided !== undefined) parts.inFlight().split(divided.part, divided);
  parts.dropped.drop(until, count, reason);
  const inFlight = parts.inFlight().between(parts.positions.confirmed, until).frames;
  // Frames expire again and again: expiry.ts sums them up.
  if (reason === "operator") {
    const fields = { from, until, frames, bytes, in_flight_frames: inFlight, unread_frames: unreadFrames };
    parts.log.say("frames_given_up", fields);
  }
  return { from, until, frames, bytes, inFlight, unreadFrames };
}
