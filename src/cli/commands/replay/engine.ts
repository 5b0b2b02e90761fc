/** Makes the engine of `spillway replay` from its settings: feed, connections, confirmation and progress file. */
import { BufferPool } from "../../../base/buffer.ts";
import { systemClock } from "../../../base/clock.ts";
import { usageError } from "../../../base/error.ts";
import { type Log, silentLog } from "../../../base/log.ts";
import { defaultOf } from "../../../config/keys/key.ts";
import { TARGET } from "../../../config/keys/target.ts";
import { withUsualBetween } from "../../../framing/between.ts";
import { createFramer, hasMessages } from "../../../framing/framing.ts";
import type { Archive, ReadPlan, Selection } from "../../../journal/archive.ts";
import { ArchiveFeed } from "../../../replay/archive_feed.ts";
import type { ArchiveGap } from "../../../replay/batch_reader.ts";
import { Pacer } from "../../../replay/pacer.ts";
import { ProgressFile, type ReplayPosition, type SavedReplay } from "../../../replay/progress_file.ts";
import { type Connections, Replay, type ReplayOptions } from "../../../replay/replay.ts";
import { onlyStdout } from "../../../replay/stdout_connection.ts";
import { Dialler } from "../../../runtime/dial_again.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import { Rate } from "../../../target/rate.ts";
import type { ReplaySettings } from "./settings.ts";

export interface Job {
  readonly runtime: Runtime;
  readonly settings: ReplaySettings;
  readonly archive: Archive;
  /** What is left to send. */
  readonly selection: Selection;
  readonly plan: ReadPlan;
  /** How far earlier runs came. */
  readonly before: Omit<ReplayPosition, "done">;
  /** The part of the progress file that describes the replay itself. */
  readonly head: Omit<SavedReplay, keyof ReplayPosition>;
}

const PIECE_BYTES = 1024 * 1024;
const POOL = { maxBytes: 4 * PIECE_BYTES, reserveBytes: 0, bufferBytes: PIECE_BYTES };

/** The frames to send, in pieces. `onGap` is called for each place where frames cannot be read. */
export function createFeed(job: Job, onGap: (gap: ArchiveGap) => void): ArchiveFeed {
  const { settings: { pace, rateBytes, confirm, rewind }, archive, selection, plan } = job;
  return new ArchiveFeed({
    read: (each) => archive.read(each),
    selection,
    pool: new BufferPool(POOL),
    onGap,
    clock: systemClock,
    first: plan.first ?? 0,
    pacer: pace === undefined ? undefined : new Pacer(systemClock, pace),
    // Confirmation counts by pieces: at a low rate a piece must be small.
    pieceBytes: rateBytes === 0 ? PIECE_BYTES : Math.min(PIECE_BYTES, Math.ceil(rateBytes / 20)),
    eachFrame: typeof confirm === "object",
    // A reply comes from the program that has read the frame: what it confirms need not be sent again.
    rewind: rewind === "auto" && typeof confirm === "object" ? 0 : rewind,
  });
}

/** The replay of `feed`. Throws a SpillwayError (exit 2) if replies cannot be told from each other. */
export function createReplay(job: Job, feed: ArchiveFeed, log: Log): Replay {
  const { rateBytes, retries, to } = job.settings;
  // A closed standard output is no lost target: the second attempt tells why the first one ended.
  const isStdout = to === "stdout";
  const stopping = new AbortController();
  return new Replay({
    feed,
    clock: systemClock,
    log: isStdout ? silentLog : log,
    connections: connectionsOf(job, stopping.signal),
    stopping,
    confirm: confirmationOf(job),
    rate: rateBytes === 0 ? undefined : new Rate(systemClock, rateBytes),
    stallTimeoutMs: defaultOf(TARGET.stall_timeout),
    retries: isStdout ? 1 : retries,
  });
}

function connectionsOf({ runtime: { net, stdout }, settings: { to } }: Job, signal: AbortSignal): Connections {
  if (to === "stdout" || to === undefined) return onlyStdout(stdout);
  const dial = {
    net,
    clock: systemClock,
    random: Math.random,
    log: silentLog,
    address: to,
    connectTimeoutMs: defaultOf(TARGET.connect_timeout),
    retryMinMs: defaultOf(TARGET.retry_min),
    retryMaxMs: defaultOf(TARGET.retry_max),
  };
  return new Dialler(dial, "target_unreachable", signal);
}

function confirmationOf({ settings: { confirm }, archive }: Job): ReplayOptions["confirm"] {
  if (typeof confirm === "string") return confirm;
  const own = archive.framing;
  if (own !== undefined && !hasMessages(own)) {
    throw usageError(
      "--confirm reply: the journal's framing is raw",
      "without messages there is nothing to answer: use --confirm acked",
    );
  }
  const { framing: named, ...rules } = confirm;
  const framing = named ?? (own && withUsualBetween(own));
  if (framing === undefined) {
    throw usageError(
      "--confirm reply: no segment says how its frames are cut",
      "name it with --reply-framing",
    );
  }
  return { ...rules, framer: createFramer(framing) };
}

/** Undefined if no progress file was asked for. */
export function progressFileOf(
  { runtime, settings: { progressFile }, before, head, plan }: Job,
): ProgressFile | undefined {
  if (progressFile === undefined) return undefined;
  const begin = { ...before, next: before.frames === 0 ? plan.first ?? before.next : before.next };
  const { next, frames, bytes, last_time_us } = begin;
  const done = plan.frames === 0;
  return new ProgressFile(runtime.files, systemClock, progressFile, head, { next, frames, bytes, last_time_us, done });
}
