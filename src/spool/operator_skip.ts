/**
 * `skip`: the operator gives up what is pending below a sequence.
 *
 * While it is counted nothing new is handed to the target, so that what is
 * counted is what is given up; if it cannot be counted nothing has changed.
 * Frames that have been handed out stay in flight: if they are confirmed they
 * count as delivered, if their connection is lost they are not sent again and
 * count as dropped, as with drop_oldest.ts. Unlike there, their files stay until
 * then: the cursor passes nothing that is in flight.
 */
import { usageError } from "../base/error.ts";
import type { DropReason, Tally } from "../base/ledger.ts";
import { countFrames } from "./count_frames.ts";
import type { FlightPart } from "./flight.ts";
import type { Spool } from "./spool.ts";

/** Why somebody gives frames up: the operator names a sequence, or they are too old. */
export type SkipReason = Extract<DropReason, "operator" | "expired">;

/** What was given up. */
export interface GivenUp extends Readonly<Tally> {
  /** Frames [from, until) will not be sent; those of them that were pending count as dropped. */
  readonly from: number;
  readonly until: number;
  /** Frames before these that are in flight. */
  readonly inFlight: number;
  /** Frames delivered before these that the consumer's program may not have read: they are not sent again either. */
  readonly unreadFrames: number;
}

/**
 * Gives up what is pending below `until`, at most the sequence of the next
 * frame to be received; with `preview` only tells what that would be. Rejects
 * with a `SpillwayError` beyond that, with a `SystemError` if the journal cannot
 * be read to count it; then all is as before.
 */
export async function skipUntil(
  spool: Spool,
  until: number,
  preview = false,
  reason: SkipReason = "operator",
): Promise<GivenUp> {
  const { end } = spool.window;
  if (until > end) {
    throw usageError(
      `skip: found --until ${until}, the next frame to be received is ${end}`,
      `--until ${end} gives up everything that is pending now`,
    );
  }
  // Everything below is settled: there is nothing to give up, and `rewind` keeps what it has.
  if (until <= spool.confirmed) return { from: until, until, frames: 0, bytes: 0, inFlight: 0, unreadFrames: 0 };
  spool.held++;
  try {
    return await whenCounted(
      spool,
      until,
      (counted) => preview ? previewOf(spool, counted) : giveUp(spool, counted, reason),
    );
  } finally {
    spool.held--;
    spool.sendable.notify();
  }
}

interface Counted extends Tally {
  readonly from: number;
  readonly until: number;
  /** What of a part in flight is below `until`, where that is inside it. */
  readonly inside: ({ readonly part: FlightPart } & Readonly<Tally>) | undefined;
}

/**
 * Counts what is neither delivered nor in flight below `until`: again, where that
 * has changed meanwhile. `use` is called in the same turn, when the count is true:
 * a moment later `drop-oldest` may have counted some of it as dropped.
 */
async function whenCounted(spool: Spool, until: number, use: (counted: Counted) => GivenUp): Promise<GivenUp> {
  for (;;) {
    const before = momentOf(spool, until);
    const { from, part, first } = before;
    const counted = await countFrames(spool, from, before.until);
    const inside = part === undefined ? undefined : { part, ...await countFrames(spool, first!, before.until) };
    const after = momentOf(spool, until);
    const isSame = from === after.from && before.until === after.until && part === after.part &&
      first === after.first && before.droppedFrames === after.droppedFrames;
    if (isSame) return use({ from, until: before.until, ...counted, inside });
  }
}

function previewOf(spool: Spool, counted: Counted): GivenUp {
  const { from, until, frames, bytes } = counted;
  return {
    from,
    until,
    frames,
    bytes,
    inFlight: inFlightBelow(spool, counted),
    unreadFrames: unreadBefore(spool, counted),
  };
}

function giveUp(spool: Spool, counted: Counted, reason: SkipReason): GivenUp {
  const { from, until, frames, bytes, inside } = counted;
  const unreadFrames = unreadBefore(spool, counted);
  if (inside !== undefined) spool.flight.split(inside.part, inside.frames, inside.bytes);
  spool.giveUpBelow(until, frames, bytes, reason);
  const inFlight = inFlightBelow(spool, { until, inside: undefined });
  // What expires does so again and again; who gives that up says it, and not each time.
  if (reason === "operator") {
    spool.options.log.warn("frames are given up by the operator", {
      from,
      until,
      frames,
      bytes,
      in_flight_frames: inFlight,
      unread_frames: unreadFrames,
    });
  }
  return { from, until, frames, bytes, inFlight, unreadFrames };
}

/** What is in flight alone may still be delivered: then what is before it is sent again as ever. */
function unreadBefore({ rewind, confirmed }: Spool, { from, until }: Counted): number {
  return from < until ? confirmed - rewind.unreadFrom(confirmed) : 0;
}

/** What the count depends on, and may change under it: a connection is lost, a part of what is in flight is confirmed, … */
function momentOf(spool: Spool, wanted: number) {
  // Where `drop-newest` has taken frames back, their sequences are free for others.
  const until = Math.min(wanted, spool.window.end);
  const part = spool.flight.partAround(until);
  return {
    until,
    from: Math.min(until, Math.max(spool.sent, spool.confirmed)),
    part,
    first: part?.first,
    // What a reader that runs ahead reports as damaged, and what a policy takes back out of memory.
    droppedFrames: spool.options.ledger.droppedTotal().frames,
  };
}

/** `inside`: the part that has `until` inside it, if it was not split there. */
function inFlightBelow({ flight, confirmed }: Spool, { until, inside }: Pick<Counted, "until" | "inside">): number {
  let frames = 0;
  for (const part of flight.parts()) {
    if (part.first >= confirmed && part.first < until) frames += part === inside?.part ? inside.frames : part.frames;
  }
  return frames;
}
