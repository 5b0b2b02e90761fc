/** The sending part of `spillway replay`: puts the engine together, shows how far it is, and says how it ended. */
import { BufferPool } from "../../../base/buffer.ts";
import { systemClock } from "../../../base/clock.ts";
import { EXIT, isOutputUnwanted, SpillwayError, usageError } from "../../../base/error.ts";
import { type Log, type LogFields, silentLog } from "../../../base/log.ts";
import { counted, framesOf } from "../../../base/words.ts";
import { defaultOf } from "../../../config/keys/key.ts";
import { TARGET } from "../../../config/keys/target.ts";
import { withUsualBetween } from "../../../framing/between.ts";
import { createFramer, hasMessages } from "../../../framing/framing.ts";
import type { Archive, Range, ReadPlan, Selection } from "../../../journal/archive.ts";
import { ArchiveFeed } from "../../../replay/archive_feed.ts";
import type { ArchiveGap } from "../../../replay/batch_reader.ts";
import { Pacer } from "../../../replay/pacer.ts";
import { ProgressFile, type ReplayPosition, type SavedReplay } from "../../../replay/progress_file.ts";
import { type Connections, Replay, type ReplayOptions, type ReplayOutcome } from "../../../replay/replay.ts";
import { onlyStdout } from "../../../replay/stdout_connection.ts";
import { Dialler } from "../../../runtime/dial_again.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import { Rate } from "../../../target/rate.ts";
import { describeLoss } from "../cat.ts";
import { escapeControls, fieldsText } from "../../output/log.ts";
import { Progress } from "../../output/progress.ts";
import type { ReplaySettings } from "./settings.ts";
import { goOnHint, type Skipped, summaryText } from "./texts.ts";

export interface Job {
  readonly runtime: Runtime;
  readonly settings: ReplaySettings;
  readonly archive: Archive;
  /** What is left to send. */
  readonly selection: Selection;
  readonly plan: ReadPlan;
  /** Where earlier runs have come to. */
  readonly before: Omit<ReplayPosition, "done">;
  /** What the progress file says of the replay itself. */
  readonly head: Omit<SavedReplay, keyof ReplayPosition>;
}

const PIECE_BYTES = 1024 * 1024;
const POOL = { maxBytes: 4 * PIECE_BYTES, reserveBytes: 0, bufferBytes: PIECE_BYTES };
const TICK_MS = 100;

/** Sends what the plan says; returns the exit code. */
export async function sendAll(job: Job): Promise<number> {
  if (job.plan.frames === 0) {
    job.runtime.stderr.write("nothing to send: no frame is selected\n");
    // One that was at its end when it was killed is finished; what never had a frame to send is not begun.
    if (job.before.frames > 0) await progressFileOf(job)?.close();
    return EXIT.ok;
  }
  return await new Sending(job).run();
}

class Sending {
  readonly #progress: Progress;
  readonly #file: ProgressFile | undefined;
  readonly #feed: ArchiveFeed;
  readonly #replay: Replay;
  readonly #skipped: Skipped = { damaged: 0, missing: 0, frames: 0 };
  /** Nothing was skipped that was not announced. */
  #whole = true;
  /** Frames that the daemon has delivered and removed, and of which nothing was said yet. */
  #removed: Range | undefined;
  #signals = 0;
  /** Everything is sent and confirmed, and nothing may be unread. */
  #isDone = false;

  constructor(private readonly job: Job) {
    const { runtime, plan } = job;
    this.#progress = new Progress(runtime.stderr, systemClock, "sent", plan.bytes);
    this.#file = progressFileOf(job);
    this.#feed = this.#createFeed();
    this.#replay = new Replay(this.#options());
  }

  async run(): Promise<number> {
    const { runtime } = this.job;
    await this.#file?.open();
    const over = new AbortController();
    const interrupted = new Promise<number>((now) => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) runtime.onSignal(signal, () => this.#interrupt(now));
    });
    const ticking = this.#tick(over.signal);
    const sent = this.#replay.run().then((outcome) => {
      this.#isDone = outcome.kind === "sent" && outcome.mayBeLostBytes === 0;
      return outcome;
    }).finally(async () => {
      over.abort();
      await ticking;
      this.#tellRemoved();
      this.#progress.finish();
      this.#note();
      await this.#file?.close();
    });
    const ended = sent.then((outcome) => this.#end(outcome), (error) => this.#cutShort(error));
    return await Promise.race([ended, interrupted]);
  }

  /** A reader of standard output that has had enough is no failure, unless somebody counts on the rest. */
  #cutShort(error: unknown): number {
    if (!isOutputUnwanted(error)) throw error;
    const { progressFile } = this.job.settings;
    if (progressFile === undefined) return this.#whole ? EXIT.ok : EXIT.failed;
    const { next } = this.#feed.progress.checkpoint;
    throw new SpillwayError(`standard output is read no more: stopped before frame ${next}`, {
      hint: goOnHint(next, progressFile, undefined),
    });
  }

  /** The first signal stops it, the second does not wait for that. */
  #interrupt(now: (exit: number) => void): void {
    if (++this.#signals === 1) this.#replay.stop();
    else now(EXIT.interrupted);
  }

  #end(outcome: ReplayOutcome): number {
    const { runtime, settings: { target, progressFile }, selection: { limit }, plan } = this.job;
    const { checkpoint, frames, bytes, sentTwice, sentBefore } = this.#feed.progress;
    const { elapsedMs, mayBeLostBytes } = outcome;
    const verb = outcome.kind === "stopped" ? "interrupted" : outcome.kind;
    runtime.stderr.write(
      summaryText(verb, { frames, bytes, elapsedMs, target, sentTwice, mayBeLostBytes, skipped: this.#skipped }),
    );
    if (outcome.kind === "sent") return this.#whole && mayBeLostBytes === 0 ? EXIT.ok : EXIT.failed;
    const { next } = checkpoint;
    const hint = goOnHint(next, progressFile, limit === undefined ? undefined : limit - checkpoint.frames);
    if (outcome.kind === "stopped") {
      runtime.stderr.write(`stopped before frame ${next}: ${hint}\n`);
      return EXIT.interrupted;
    }
    const retries = this.job.settings.retries;
    const attempts = retries === 0 ? "" : ` (${counted(retries, "more attempt")} without progress)`;
    throw new SpillwayError(`${outcome.reason}${attempts}: stopped before frame ${next}`, {
      hint: checkpoint.frames === 0 && sentBefore === plan.first
        ? "nothing has arrived: is the target running, and the address right?"
        : hint,
    });
  }

  async #tick(signal: AbortSignal): Promise<void> {
    let noted = -1;
    while (!signal.aborted) {
      const { checkpoint, bytes, frames } = this.#feed.progress;
      this.#progress.reached(bytes, frames);
      if (checkpoint.next !== noted) this.#note();
      noted = checkpoint.next;
      await systemClock.sleep(TICK_MS, signal);
    }
  }

  /** For the progress file. */
  #note(): void {
    const { before } = this.job;
    const { next, frames, bytes, lastUs } = this.#feed.progress.checkpoint;
    this.#file?.note({
      next,
      frames: before.frames + frames,
      bytes: before.bytes + bytes,
      last_time_us: lastUs ?? before.last_time_us,
      done: this.#isDone,
    });
  }

  #noteGap(gap: ArchiveGap): void {
    if (gap.kind === "removed") return this.#noteRemoved(gap);
    const skipped = this.#skipped;
    if (gap.kind === "damage") {
      skipped.damaged++;
      if (gap.lost !== undefined) skipped.frames += gap.lost.until - gap.lost.from;
    } else {
      skipped.missing++;
      skipped.frames += gap.until - gap.from;
      if (this.job.plan.missing.some(({ until }) => until === gap.until)) return;
    }
    this.#whole = false;
    this.#progress.say(`warning: ${describeLoss(gap)}`);
  }

  /** A long journal goes file by file: side by side they are one range, and one line. */
  #noteRemoved({ from, until }: Range): void {
    if (this.#removed?.until === from) this.#removed = { from: this.#removed.from, until };
    else {
      this.#tellRemoved();
      this.#removed = { from, until };
    }
  }

  #tellRemoved(): void {
    if (this.#removed === undefined) return;
    const { from, until } = this.#removed;
    this.#progress.say(`note: ${framesOf(from, until)}: delivered and removed by the daemon meanwhile`);
    this.#removed = undefined;
  }

  #createFeed(): ArchiveFeed {
    const { settings: { pace, rateBytes, confirm, rewind }, archive, selection, plan } = this.job;
    return new ArchiveFeed({
      read: (each) => archive.read(each),
      selection,
      pool: new BufferPool(POOL),
      onGap: (gap) => this.#noteGap(gap),
      clock: systemClock,
      first: plan.first ?? 0,
      pacer: pace === undefined ? undefined : new Pacer(systemClock, pace),
      // What is confirmed is known by pieces: a slow one must not be large.
      pieceBytes: rateBytes === 0 ? PIECE_BYTES : Math.min(PIECE_BYTES, Math.ceil(rateBytes / 20)),
      eachFrame: typeof confirm === "object",
      // A reply comes from the program that has read the frame: what it confirms need not be sent again.
      rewind: rewind === "auto" && typeof confirm === "object" ? 0 : rewind,
    });
  }

  #options(): ReplayOptions {
    const { rateBytes, retries, to } = this.job.settings;
    // A reader that has had enough is no lost target: the second attempt tells why the first one ended.
    const isStdout = to === "stdout";
    const stopping = new AbortController();
    return {
      feed: this.#feed,
      clock: systemClock,
      log: isStdout ? silentLog : this.#log(),
      connections: this.#connections(stopping.signal),
      stopping,
      confirm: this.#confirm(),
      rate: rateBytes === 0 ? undefined : new Rate(systemClock, rateBytes),
      stallTimeoutMs: defaultOf(TARGET.stall_timeout),
      retries: isStdout ? 1 : retries,
    };
  }

  #connections(signal: AbortSignal): Connections {
    const { runtime: { net, stdout }, settings: { to } } = this.job;
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
    return new Dialler(dial, "the target", signal);
  }

  #confirm(): ReplayOptions["confirm"] {
    const { settings: { confirm }, archive } = this.job;
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

  #log(): Log {
    const say = (level: string) => (message: string, fields: LogFields = {}) => {
      this.#progress.say(escapeControls(`${level}: ${message}${fieldsText(fields)}`));
    };
    return { debug() {}, info: say("note"), warn: say("warning"), error: say("warning") };
  }
}

function progressFileOf({ runtime, settings: { progressFile }, before, head, plan }: Job): ProgressFile | undefined {
  if (progressFile === undefined) return undefined;
  const begin = { ...before, next: before.frames === 0 ? plan.first ?? before.next : before.next };
  const { next, frames, bytes, last_time_us } = begin;
  const done = plan.frames === 0;
  return new ProgressFile(runtime.files, systemClock, progressFile, head, { next, frames, bytes, last_time_us, done });
}
