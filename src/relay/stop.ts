/**
 * The clean stop of a route, in its order: nobody new is served, producers may
 * finish, everything unconfirmed goes to the journal, and only then the consumer
 * has some time to confirm what is in flight. All of it shares one deadline.
 */
import { messageOf } from "../base/error.ts";
import type { Ledger } from "../base/ledger.ts";
import type { Log, LogFields } from "../base/log.ts";
import { RESERVE_MS, type StopDeadline } from "../base/stop_deadline.ts";
import type { Journal } from "../journal/journal.ts";
import type { Source } from "../source/source.ts";
import type { Appender } from "../spool/appender.ts";
import type { Expiry } from "../spool/expiry.ts";
import type { RiskBound } from "../spool/risk_bound.ts";
import type { Spool } from "../spool/spool.ts";
import type { ConsumerConnections } from "../target/consumer_connections.ts";
import type { Target } from "../target/target.ts";

/** How long a stop waits for frames that are just being given up. */
const EXPIRY_STOP_MS = 500;

export interface StoppingParts {
  readonly ledger: Ledger;
  readonly log: Log;
  readonly journal: Journal;
  readonly source: Source;
  readonly target: Target;
  readonly consumers: ConsumerConnections;
  readonly spool: Spool;
  readonly appender: Appender;
  readonly risk: RiskBound;
  readonly expiry: Expiry | undefined;
  /** To be done when all is settled, before another process can have the journal. */
  readonly beforeRelease: () => Promise<void>;
}

/** Resolves to false if frames were lost by it, or the journal could not be closed cleanly; with a line in the log. */
export async function stopRoute(parts: StoppingParts, deadline: StopDeadline): Promise<boolean> {
  const { ledger, log, source, consumers, spool, appender, risk } = parts;
  const noMoreConsumers = consumers.stop();
  // It may be reading a slow disk, and then gives up nothing that is not counted.
  if (parts.expiry !== undefined) await deadline.waitFor(parts.expiry.stop(), EXPIRY_STOP_MS);
  await source.stop(deadline);
  await noMoreConsumers;
  const missed = await appender.finish(deadline);
  const mayRepeat = await stopTarget(parts, deadline);
  // The consumer may have confirmed meanwhile what could not be appended, or there is room by now.
  const lost = missed === undefined ? undefined : await appender.finish(deadline);
  spool.overload.close();
  if (lost !== undefined) {
    ledger.drop("stop", lost.until - lost.first, lost.bytes);
    log.error("frames are lost: they could not be appended at the stop", { ...lost });
  }
  risk.stop(lost?.bytes ?? 0);
  await deadline.inTime(parts.beforeRelease(), RESERVE_MS.sync);
  const isClosed = await closeJournal(parts, deadline);
  log.info("route stopped", { ...booksOf(ledger, source), may_arrive_twice: mayRepeat });
  return lost === undefined && isClosed;
}

/** How many frames may arrive twice, as far as that can be told in time: where the connection ended may have to be read. */
async function stopTarget({ target, log }: StoppingParts, deadline: StopDeadline): Promise<number> {
  let mayRepeat = 0;
  const stopped = target.stop(deadline).then((frames) => mayRepeat = frames);
  if (!await deadline.inTime(stopped, RESERVE_MS.target)) {
    log.warn("the target's connection is left unsettled, its frames in flight may arrive twice");
  }
  return mayRepeat;
}

/** A journal that cannot be synced or closed loses nothing that the books say; the next start looks for itself. */
async function closeJournal({ journal, log }: StoppingParts, deadline: StopDeadline): Promise<boolean> {
  try {
    await journal.close(deadline);
    return true;
  } catch (error) {
    log.error("the journal could not be closed cleanly", { error: messageOf(error) });
    return false;
  }
}

function booksOf(ledger: Ledger, source: Source): LogFields {
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
  };
}
