/**
 * The clean stop of a route, in its order: no new connection is served, producers
 * may finish, everything unconfirmed is appended to the journal, and only then
 * the consumer has some time to confirm what is in flight. All steps share one
 * deadline.
 */
import { messageOf } from "../base/error.ts";
import type { Ledger } from "../base/ledger.ts";
import type { Log, LogFields } from "../base/log.ts";
import { RESERVE_MS, STOP_WAIT_MS, type StopDeadline } from "../base/stop_deadline.ts";
import type { Source } from "../source/source.ts";
import type { RouteParts } from "./route_parts.ts";

/**
 * Resolves to false if frames were lost by it, or the journal could not be closed
 * cleanly; either has a line in the log. `beforeRelease` is called when every
 * frame is accounted for, before the journal's locks are released.
 */
export async function stopRoute(
  parts: RouteParts,
  log: Log,
  beforeRelease: () => Promise<void>,
  deadline: StopDeadline,
): Promise<boolean> {
  const { ledger, source, consumers, spool, appender, risk, expiry } = parts;
  const noMoreConsumers = consumers.stop();
  // It may be reading a slow disk; if it is interrupted it drops nothing that is not counted.
  if (expiry !== undefined) await deadline.waitFor(expiry.stop(), STOP_WAIT_MS.expiry);
  await source.stop(deadline);
  await noMoreConsumers;
  const missed = await appender.finish(deadline);
  const mayRepeat = await stopTarget(parts, log, deadline);
  // The consumer may have confirmed meanwhile what could not be appended, or the disk may have space again.
  const lost = missed === undefined ? undefined : await appender.finish(deadline);
  spool.overload.close();
  if (lost !== undefined) {
    ledger.drop("stop", lost.until - lost.first, lost.bytes);
    log.say("frames_lost", { ...lost });
  }
  risk.stop(lost?.bytes ?? 0);
  await deadline.inTime(beforeRelease(), RESERVE_MS.sync);
  const isClosed = await closeJournal(parts, log, deadline);
  log.say("route_stopped", { ...totalsOf(ledger, source), may_arrive_twice: mayRepeat });
  return lost === undefined && isClosed;
}

/** How many frames may arrive twice; 0 where that is not known in time, since the journal may have to be read for it. */
async function stopTarget({ target }: RouteParts, log: Log, deadline: StopDeadline): Promise<number> {
  let mayRepeat = 0;
  const stopped = target.stop(deadline).then((frames) => mayRepeat = frames);
  if (!await deadline.inTime(stopped, RESERVE_MS.target)) {
    log.say("target_unsettled");
  }
  return mayRepeat;
}

/** A journal that cannot be synced or closed makes no total wrong: the next start reads its files. */
async function closeJournal({ journal }: RouteParts, log: Log, deadline: StopDeadline): Promise<boolean> {
  try {
    await journal.close(deadline);
    return true;
  } catch (error) {
    log.say("close_failed", { error: messageOf(error) });
    return false;
  }
}

function totalsOf(ledger: Ledger, source: Source): LogFields {
  const { carried, received, delivered, pending, spilled } = ledger;
  const dropped = ledger.droppedTotal();
  return {
    carried_frames: carried.frames,
    received_frames: received.frames,
    delivered_frames: delivered.frames,
    pending_frames: pending.frames,
    dropped_frames: dropped.frames,
    spilled_frames: spilled.frames,
    resent_frames: ledger.resentFrames,
    may_be_lost_bytes: ledger.mayBeLostBytes,
    carried_bytes: carried.bytes,
    received_bytes: received.bytes,
    delivered_bytes: delivered.bytes,
    pending_bytes: pending.bytes,
    dropped_bytes: dropped.bytes,
    spilled_bytes: spilled.bytes,
    refused_connections: source.refused,
    source_paused_ms: Math.round(source.pausedMs),
    source_patience_ms: Math.round(source.patientMs),
  };
}
